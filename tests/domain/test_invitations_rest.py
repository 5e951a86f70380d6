"""`/api/v1/organizations/{id}/invitations` and `/api/v1/invitations…` (Rule O3)."""

import uuid
from uuid import UUID

import pytest
from django.test import Client
from django.utils import timezone

from adieu.accounts.models import Account
from adieu.tenancy.models import Invitation, OrganizationMembership
from adieu.tenancy.queries import organizations_of
from adieu.vault.models import InvitedAddress
from tests.domain.test_api import ALICE, BOB, Api, join
from tests.support.rooms import make_project, put_into

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

CHARLIE = "charlie@example.org"


def office_of(account: Account) -> UUID:
    return organizations_of(account_id=account.pk)[0].id


def token_in(link: str) -> str:
    return link.rstrip("/").rsplit("/", 1)[-1]


def test_invite_list_accept() -> None:
    alice, account = join(is_settled=False)
    office = office_of(account)
    sent = alice("POST", f"/organizations/{office}/invitations", {"emails": [BOB, CHARLIE]})
    assert sent.status_code == 201
    assert {item["email"] for item in sent.json()["items"]} == {BOB, CHARLIE}
    first = alice("GET", f"/organizations/{office}/invitations?limit=1").json()
    rest = alice("GET", f"/organizations/{office}/invitations?limit=1&cursor={first['next_cursor']}").json()
    assert {each["email"] for each in first["items"] + rest["items"]} == {BOB, CHARLIE}
    assert rest["next_cursor"] is None

    token = token_in(next(each["link"] for each in sent.json()["items"] if each["email"] == BOB))
    assert Api(Client())("GET", f"/invitations/by-link/{token}").status_code == 401
    bob, bobs_account = join(BOB)
    offer = bob("GET", f"/invitations/by-link/{token}").json()
    assert (offer["organization_name"], offer["inviter_name"]) == ("My organization", ALICE)
    accepted = bob("POST", f"/invitations/by-link/{token}/accept")
    assert accepted.json() == {"organization_id": str(office)}
    assert office_of(bobs_account) == office
    again = bob("POST", f"/invitations/by-link/{token}/accept")
    assert (again.status_code, again.json()["type"]) == (410, "urn:adieu:problem:invitation-ended")


def test_decline_revoke_and_resend() -> None:
    alice, account = join(is_settled=False)
    office = office_of(account)
    sent = alice("POST", f"/organizations/{office}/invitations", {"emails": [BOB, CHARLIE]}).json()["items"]
    by_address = {each["email"]: each for each in sent}
    bob, _ = join(BOB)
    token = token_in(by_address[BOB]["link"])
    assert bob("POST", f"/invitations/by-link/{token}/decline").status_code == 204
    hasty = alice("POST", f"/invitations/{by_address[CHARLIE]['id']}/resend")
    assert hasty.status_code == 429
    assert 1 <= int(hasty["Retry-After"]) <= 60
    assert alice("DELETE", f"/invitations/{by_address[CHARLIE]['id']}").status_code == 204
    assert alice("DELETE", f"/invitations/{by_address[CHARLIE]['id']}").status_code == 410
    assert alice("GET", f"/organizations/{office}/invitations").json()["items"] == []
    assert not InvitedAddress.objects.exists()


def test_strangers_members_and_other_addresses() -> None:
    alice, account = join(is_settled=False)
    office = office_of(account)
    made = alice("POST", f"/organizations/{office}/invitations", {"emails": [CHARLIE]}).json()["items"][0]
    bob, bobs_account = join(BOB)
    nowhere = bob("GET", f"/organizations/{uuid.uuid4()}/invitations")
    stranger = bob("GET", f"/organizations/{office}/invitations")
    assert (stranger.status_code, stranger.content) == (404, nowhere.content)
    invites = bob("POST", f"/organizations/{office}/invitations", {"emails": ["dora@example.org"]})
    assert invites.status_code == 404
    revokes = bob("DELETE", f"/invitations/{made['id']}")
    assert (revokes.status_code, revokes.content) == (
        404,
        bob("DELETE", f"/invitations/{uuid.uuid4()}").content,
    )
    accepts = bob("POST", f"/invitations/by-link/{token_in(made['link'])}/accept")
    assert (accepts.status_code, accepts.json()["type"]) == (403, "urn:adieu:problem:not-invited")
    put_into(office, bobs_account.pk, timezone.now())
    asks_too_much = {"emails": ["dora@example.org"], "role": "owner"}
    assert bob("POST", f"/organizations/{office}/invitations", asks_too_much).status_code == 403
    assert bob("DELETE", f"/invitations/{made['id']}").status_code == 403
    assert [invitation.state for invitation in Invitation.objects.all()] == ["pending"]
    assert OrganizationMembership.objects.filter(organization_id=office).count() == 2


def test_a_project_comes_along_or_is_not_found() -> None:
    alice, account = join(is_settled=False)
    office = office_of(account)
    project = make_project(office, account.pk, timezone.now())
    body = {"emails": [BOB], "project": {"id": str(project), "role": "owner"}}
    [made] = alice("POST", f"/organizations/{office}/invitations", body).json()["items"]
    assert (made["project_name"], made["project_role"]) == ("Atlas", "owner")
    unknown = {"emails": [CHARLIE], "project": {"id": str(uuid.uuid4())}}
    refused = alice("POST", f"/organizations/{office}/invitations", unknown)
    assert (refused.status_code, refused.json()["type"]) == (404, "urn:adieu:problem:project-not-found")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"emails": []}, "no-addresses"),
        ({"emails": [f"g{n}@example.org" for n in range(101)]}, "too-many-addresses"),
        ({"emails": ["x"] * 10_000}, "too-many-addresses"),
        ({"emails": [BOB, "hunter2"]}, "addresses-not-fit"),
        ({"emails": [BOB, "a@example.org\r\nBcc: b@example.org"]}, "addresses-not-fit"),
        ({"emails": [ALICE]}, "addresses-not-fit"),
        ({"emails": BOB}, "invalid-request"),
        ({"emails": [7]}, "invalid-request"),
        ({"emails": [BOB], "role": "king"}, "invalid-request"),
        ({"emails": [BOB], "sudo": True}, "invalid-request"),
        ({"emails": [BOB], "project": {"id": "x"}}, "invalid-request"),
        ({}, "invalid-request"),
        ([], "invalid-request"),
    ],
)
def test_bad_input_is_refused_and_nothing_is_stored(body: object, code: str) -> None:
    alice, account = join(is_settled=False)
    answer = alice("POST", f"/organizations/{office_of(account)}/invitations", body)
    assert (answer.status_code, answer.json()["type"]) == (422, f"urn:adieu:problem:{code}")
    assert "hunter2" not in answer.content.decode()
    assert not Invitation.objects.exists()
    assert not InvitedAddress.objects.exists()


def test_each_address_is_answered_by_its_number() -> None:
    alice, account = join(is_settled=False)
    body = {"emails": [BOB, "x", "y@"]}
    answer = alice("POST", f"/organizations/{office_of(account)}/invitations", body).json()
    assert [(each["number"], each["code"]) for each in answer["addresses"]] == [
        (2, "not-an-address"),
        (3, "not-an-address"),
    ]
