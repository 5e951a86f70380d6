"""A file that is written while it goes out ends with what asked for it (Rules D7, A6, O5)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.utils import timezone

from adieu.accounts import sessions
from adieu.accounts.session_store import digest_of_key
from adieu.kit.downloads import BROKEN_OFF, NoLongerLetIn
from adieu.tenancy import activity_log, api_keys, members
from adieu.tenancy.models import Role
from adieu.tenancy.permissions import OrganizationNotFound
from tests.support.chronicle import happen
from tests.support.entrance import sign_in
from tests.support.people import leave
from tests.support.visitors import Visitor, admit, enter, found

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

BATCH, COUNT = 20, 65


@dataclass(frozen=True)
class Office:
    """Alice and Bob own an organization with a long log; Alice has two keys and two browsers."""

    id: UUID
    alice: Visitor
    bob: Visitor
    elsewhere: Client
    key: api_keys.NewKey
    other_key: api_keys.NewKey

    @property
    def page(self) -> str:
        return f"/organizations/{self.id}/activities/export/?format=csv"

    @property
    def rest(self) -> str:
        return f"/api/v1/organizations/{self.id}/activities/export?format=jsonl"

    def begin(self, browser: Client, address: str, **headers: str) -> Iterator[bytes]:
        answer: Any = browser.get(address, headers=headers)
        assert answer.status_code == 200
        parts: Iterator[bytes] = iter(answer)
        assert next(parts)
        return parts

    def by_page(self) -> Iterator[bytes]:
        return self.begin(self.elsewhere, self.page)

    def by_rest(self) -> Iterator[bytes]:
        return self.begin(self.elsewhere, self.rest)

    def by_key(self) -> Iterator[bytes]:
        return self.begin(Client(), self.rest, Authorization=f"Bearer {self.key.secret}")

    @property
    def session_id(self) -> str:
        return digest_of_key(self.elsewhere.cookies["session"].value)


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.setattr(activity_log, "BATCH", BATCH)
    alice, bob = enter("alice"), enter("bob")
    organization_id = found(bob, "Office")
    admit(organization_id, alice, Role.OWNER)
    happen(organization_id, [alice.account_id, bob.account_id], timezone.now(), count=COUNT)
    elsewhere = Client()
    sign_in(elsewhere, alice.address)
    keys = [
        api_keys.create(
            account_id=alice.account_id,
            organization_id=organization_id,
            name=name,
            expires_at=None,
            now=timezone.now(),
        )
        for name in ("CI", "Laptop")
    ]
    return Office(organization_id, alice, bob, elsewhere, *keys)


def end_the_session(office: Office) -> None:
    assert sessions.end(account_id=office.alice.account_id, session_id=office.session_id)


def sign_out(office: Office) -> None:
    assert office.elsewhere.post("/accounts/logout/").status_code == 302


def revoke_the_key(office: Office) -> None:
    api_keys.revoke(api_key_id=office.key.id, account_id=office.alice.account_id, now=timezone.now())


def reset_the_key(office: Office) -> None:
    api_keys.reset(api_key_id=office.key.id, account_id=office.alice.account_id, now=timezone.now())


def remove_alice(office: Office) -> None:
    members.remove_member(
        organization_id=office.id,
        account_id=office.bob.account_id,
        member_id=office.alice.account_id,
        now=timezone.now(),
    )


def delete_alice(office: Office) -> None:
    leave(office.alice.account_id, office.alice.address, timezone.now())


BY_SESSION = [Office.by_page, Office.by_rest]
BY_KEY = [Office.by_key]


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        *[(begin, end) for begin in BY_SESSION for end in (end_the_session, sign_out)],
        *[(begin, end) for begin in BY_KEY for end in (revoke_the_key, reset_the_key)],
        *[(begin, end) for begin in (*BY_SESSION, *BY_KEY) for end in (remove_alice, delete_alice)],
    ],
)
def test_what_ends_ends_the_file(
    office: Office, begin: Callable[[Office], Iterator[bytes]], end: Callable[[Office], None]
) -> None:
    parts = begin(office)
    bobs = office.begin(office.bob.browser, office.page)
    end(office)
    # So that nobody takes what they have for the whole.
    assert next(parts).decode() == BROKEN_OFF
    with pytest.raises((NoLongerLetIn, OrganizationNotFound)):
        next(parts)
    assert len(b"".join(bobs).splitlines()) >= COUNT


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        *[(begin, end) for begin in BY_SESSION for end in (revoke_the_key, reset_the_key)],
        *[(begin, end) for begin in BY_KEY for end in (end_the_session, sign_out)],
    ],
)
def test_what_else_ends_leaves_the_file_alone(
    office: Office, begin: Callable[[Office], Iterator[bytes]], end: Callable[[Office], None]
) -> None:
    parts = begin(office)
    end(office)
    assert len(b"".join(parts).splitlines()) >= COUNT - BATCH
