"""A request sent by half acts for nobody whose session or key ends before the rest comes (Rule D7)."""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from django.test import RequestFactory
from django.test.client import ClientHandler
from django.utils import timezone

from adieu.accounts import sessions
from adieu.accounts.session_store import digest_of_key
from adieu.tenancy import api_keys, members
from adieu.tenancy.models import Project, Role
from tests.support.people import leave
from tests.support.visitors import Visitor, admit, enter, found

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

CSRF = "c" * 32
NAME = "Half sent"


class SlowBody(io.BytesIO):
    """A body of which something happens before it can be read."""

    def __init__(self, body: bytes, meanwhile: Callable[[], object]) -> None:
        super().__init__(body)
        self._meanwhile: Callable[[], object] | None = meanwhile

    def read(self, size: int | None = -1, /) -> bytes:
        """Let it happen, then read."""
        meanwhile, self._meanwhile = self._meanwhile, None
        if meanwhile:
            meanwhile()
        return super().read(size)


@dataclass(frozen=True)
class Office:
    """An organization that Alice and Bob own."""

    id: UUID
    alice: Visitor
    bob: Visitor
    key: api_keys.NewKey

    @property
    def session(self) -> str:
        return self.alice.browser.cookies["session"].value

    def send(self, meanwhile: Callable[[], object], *, by: str) -> int:
        """Create a project, by session or by key, and let something happen when half of it is there."""
        body = json.dumps({"name": NAME}).encode()
        who: dict[str, Any] = {
            "session": {"HTTP_COOKIE": f"session={self.session}; csrf={CSRF}", "HTTP_X_CSRFTOKEN": CSRF},
            "key": {"HTTP_AUTHORIZATION": f"Bearer {self.key.secret}"},
        }[by]
        path = f"/api/v1/organizations/{self.id}/projects"
        request = RequestFactory().post(path, body, content_type="application/json", **who)
        environ = {**request.META, "wsgi.input": SlowBody(body, meanwhile)}
        status: int = ClientHandler(enforce_csrf_checks=True)(environ).status_code
        return status


@pytest.fixture
def office() -> Office:
    alice, bob = enter("alice"), enter("bob")
    organization_id = found(bob, "Office")
    admit(organization_id, alice, Role.OWNER)
    key = api_keys.create(
        account_id=alice.account_id,
        organization_id=organization_id,
        name="CI",
        expires_at=None,
        now=timezone.now(),
    )
    return Office(organization_id, alice, bob, key)


def end_the_session(office: Office) -> None:
    assert sessions.end(account_id=office.alice.account_id, session_id=digest_of_key(office.session))


def revoke_the_key(office: Office) -> None:
    api_keys.revoke(api_key_id=office.key.id, account_id=office.alice.account_id, now=timezone.now())


def remove_alice(office: Office) -> None:
    members.remove_member(
        organization_id=office.id,
        account_id=office.bob.account_id,
        member_id=office.alice.account_id,
        now=timezone.now(),
    )


def delete_alice(office: Office) -> None:
    leave(office.alice.account_id, office.alice.address, timezone.now())


def nothing(office: Office) -> None:
    """Let nothing happen."""


@pytest.mark.parametrize(
    ("by", "end", "status"),
    [
        ("session", end_the_session, 401),
        ("session", remove_alice, 404),
        ("session", delete_alice, 401),
        ("key", revoke_the_key, 401),
        ("key", remove_alice, 401),
        ("key", delete_alice, 401),
        ("session", revoke_the_key, 201),
        ("key", end_the_session, 201),
        ("session", nothing, 201),
        ("key", nothing, 201),
    ],
)
def test_who_is_let_in_is_asked_when_all_of_it_is_there(
    office: Office, by: str, end: Callable[[Office], None], status: int
) -> None:
    assert office.send(lambda: end(office), by=by) == status
    assert Project.objects.filter(name=NAME).exists() == (status == 201)
