"""Calling the API with an API key: as its owner, in its organization, and no further (Rule O5)."""

import uuid
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import time_machine
from django.conf import settings
from django.test import Client, override_settings
from django.utils import timezone

from adieu.accounts.models import Account, Session
from adieu.tenancy import api_keys, members
from adieu.tenancy.models import ApiKey, Invitation, Organization
from adieu.tenancy.queries import organizations_of
from tests.domain.test_api import ALICE, BOB, Api, join
from tests.support.rooms import make_organization, put_into

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])


class Keyed(Api):
    """A client without a session, with an API key."""

    def __init__(self, secret: str) -> None:
        super().__init__(Client(enforce_csrf_checks=True))
        self.secret = secret

    def __call__(self, method: str, path: str, body: object = None, **headers: str) -> Any:
        return super().__call__(method, path, body, Authorization=f"Bearer {self.secret}", **headers)


def keyed(account: Account, organization_id: UUID) -> Keyed:
    made = api_keys.create(
        account_id=account.pk,
        organization_id=organization_id,
        name="CI",
        expires_at=None,
        now=timezone.now(),
    )
    return Keyed(made.secret)


def own_organization(account: Account) -> UUID:
    return organizations_of(account_id=account.pk)[0].id


def test_a_key_is_made_shown_once_and_works() -> None:
    api, account = join(is_settled=False)
    office = own_organization(account)
    made = api("POST", f"/organizations/{office}/api-keys", {"name": "CI"})
    assert made.status_code == 201
    key = Keyed(made.json()["key"])
    assert key("GET", "/account").json()["id"] == str(account.pk)
    [listed] = api("GET", f"/organizations/{office}/api-keys").json()["items"]
    assert (listed["name"], listed["hint"]) == ("CI", made.json()["key"][-4:])
    assert listed["last_used_at"]
    assert made.json()["key"] not in str(listed)
    again = api("POST", f"/api-keys/{made.json()['id']}/reset").json()["key"]
    assert key("GET", "/account").status_code == 401
    assert Keyed(again)("GET", "/account").status_code == 200
    assert api("DELETE", f"/api-keys/{made.json()['id']}").status_code == 204
    assert Keyed(again)("GET", "/account").status_code == 401


def test_a_call_with_a_key_needs_no_csrf_token_and_leaves_no_session() -> None:
    _, account = join(is_settled=False)
    office = own_organization(account)
    sessions = Session.objects.count()
    key = keyed(account, office)
    answer = key("POST", f"/organizations/{office}/invitations", {"emails": [BOB]})
    assert answer.status_code == 201, answer.content
    assert not answer.cookies
    assert Session.objects.count() == sessions


def test_a_key_reaches_its_organization_only() -> None:
    _, account = join(is_settled=False)
    office = own_organization(account)
    lab = make_organization(account.pk, timezone.now(), name="Lab")
    key = keyed(account, office)
    assert key("GET", f"/organizations/{office}").status_code == 200
    assert [each["id"] for each in key("GET", "/organizations").json()["items"]] == [str(office)]
    theirs = key("GET", f"/organizations/{lab}")
    nobodys = key("GET", f"/organizations/{uuid.uuid4()}")
    assert theirs.status_code == 404
    assert theirs.content == nobodys.content
    refused = key("POST", f"/organizations/{lab}/invitations", {"emails": [BOB]})
    assert (refused.status_code, Invitation.objects.count()) == (404, 0)
    in_lab = keyed(account, lab)
    [other] = in_lab("GET", f"/organizations/{lab}/api-keys").json()["items"]
    assert key("DELETE", f"/api-keys/{other['id']}").status_code == 404
    assert in_lab("GET", "/account").status_code == 200


def test_after_a_call_with_a_key_the_same_worker_reaches_everything_again() -> None:
    api, account = join(is_settled=False)
    lab = make_organization(account.pk, timezone.now(), name="Lab")
    keyed(account, own_organization(account))("GET", "/account")
    assert api("GET", f"/organizations/{lab}").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/account/deletion/preflight", None),
        ("POST", "/account/deletion", {"reason": "privacy"}),
        ("POST", "/account/deletion/code", {"email": ALICE}),
        ("POST", "/account/deletion/confirm", {"code": "12345678", "consents": []}),
        ("DELETE", "/account/deletion", None),
        ("POST", "/organizations", {"name": "Second"}),
        ("POST", "/organizations/{office}/api-keys", {"name": "Second"}),
        ("POST", "/api-keys/{key}/reset", None),
    ],
)
def test_what_needs_a_session_is_not_done_with_a_key(method: str, path: str, body: object) -> None:
    _, account = join(is_settled=False)
    office = own_organization(account)
    key = keyed(account, office)
    before = ApiKey.objects.get().digest
    answer = key(method, path.format(office=office, key=ApiKey.objects.get().id), body)
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:adieu:problem:session-required")
    assert ApiKey.objects.get().digest == before
    assert (Organization.objects.count(), Account.objects.count()) == (1, 1)


@pytest.mark.parametrize(
    "header", ["Bearer ", "Bearer x", "Basic YWxpY2U6eA==", "adieu_x", f"Bearer adieu_{'A' * 43}", "Bearer é"]
)
def test_a_wrong_header_is_refused_even_beside_a_session(header: str) -> None:
    api, _ = join()
    answer = api("GET", "/account", Authorization=header)
    assert (answer.status_code, answer.json()["type"]) == (401, "urn:adieu:problem:not-signed-in")


def test_a_key_opens_no_page() -> None:
    _, account = join(is_settled=False)
    key = keyed(account, own_organization(account))
    answer = key.browser.get("/account/", headers={"Authorization": f"Bearer {key.secret}"})
    assert answer.status_code == 302


def test_a_key_ends_with_the_membership() -> None:
    _, alice = join(is_settled=False)
    _, bob = join(BOB)
    office = own_organization(alice)
    put_into(office, bob.pk, timezone.now())
    key = keyed(bob, office)
    assert key("GET", f"/organizations/{office}").status_code == 200
    members.remove_member(organization_id=office, account_id=alice.pk, member_id=bob.pk, now=timezone.now())
    assert key("GET", f"/organizations/{office}").status_code == 401


def test_a_key_runs_out() -> None:
    api, account = join(is_settled=False)
    office = own_organization(account)
    soon = timezone.now() + timedelta(minutes=5)
    body = {"name": "Short", "expires_at": soon.isoformat()}
    key = Keyed(api("POST", f"/organizations/{office}/api-keys", body).json()["key"])
    assert key("GET", "/account").status_code == 200
    with time_machine.travel(soon + timedelta(seconds=1)):
        assert key("GET", "/account").status_code == 401


@pytest.mark.parametrize("expires_at", ["2020-01-01T00:00:00Z", "2999-01-01T00:00:00", "soon", 7, ""])
def test_an_end_that_is_none_is_refused(expires_at: object) -> None:
    api, account = join(is_settled=False)
    body = {"name": "CI", "expires_at": expires_at}
    answer = api("POST", f"/organizations/{own_organization(account)}/api-keys", body)
    assert answer.status_code == 422
    assert not ApiKey.objects.exists()


def test_after_new_terms_a_key_waits_for_agreement(tmp_path: Path) -> None:
    _, account = join(is_settled=False)
    key = keyed(account, own_organization(account))
    terms = tmp_path / "terms.txt"
    terms.write_text("Other terms.")
    with override_settings(ADIEU=replace(settings.ADIEU, terms_file=terms)):
        answer = key("GET", "/account")
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:adieu:problem:terms-not-agreed")
