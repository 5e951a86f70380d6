"""`/api/v1/organizations…` and their members: the same operations, as JSON."""

import uuid
from uuid import UUID

import pytest

from adieu.tenancy.models import Organization
from tests.support.visitors import (
    Visitor,
    admit,
    enter,
    found,
    problem,
    roles,
    walk_through,
)

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])


def of(organization_id: object, rest: str = "") -> str:
    return f"/organizations/{organization_id}{rest}"


@pytest.fixture
def alice() -> Visitor:
    return enter("alice")


@pytest.fixture
def bob() -> Visitor:
    return enter("bob")


@pytest.fixture
def night_school(alice: Visitor, bob: Visitor) -> UUID:
    organization_id = found(alice)
    admit(organization_id, bob)
    return organization_id


def test_organizations_are_created_listed_and_shown(alice: Visitor, bob: Visitor) -> None:
    created = alice.api("POST", "/organizations", {"name": " Archive "})
    assert created.status_code == 201
    said = created.json()
    assert (said["name"], said["role"], said["member_count"]) == ("Archive", "owner", 1)
    assert (said["description"], said["website"], said["contact_id"], said["time_zone"]) == (
        "",
        "",
        None,
        "UTC",
    )
    listed = walk_through(alice, "/organizations")
    assert [item["name"] for item in listed] == ["Archive", "My organization"]
    assert alice.api("GET", of(said["id"])).json() == said == listed[0]
    assert "Archive" not in {item["name"] for item in walk_through(bob, "/organizations")}


def test_what_is_left_out_of_a_change_stays(alice: Visitor, bob: Visitor, night_school: UUID) -> None:
    first = {"description": "At night", "website": "https://example.org", "contact_id": str(bob.account_id)}
    assert alice.api("PATCH", of(night_school), first).status_code == 200
    changed = alice.api("PATCH", of(night_school), {"name": "Evening school", "time_zone": "Asia/Tokyo"})
    said = changed.json()
    assert {**first, "name": "Evening school", "time_zone": "Asia/Tokyo"}.items() <= said.items()
    assert bob.api("GET", of(night_school)).json() == {**said, "role": "member"}
    assert alice.api("PATCH", of(night_school), {"contact_id": None}).json()["contact_id"] is None


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({"name": ""}, "name-not-allowed"),
        ({"name": "\u3164"}, "name-not-allowed"),
        ({"name": "a\x00b"}, "name-not-allowed"),
        ({"name": "a" * 65}, "name-not-allowed"),
        ({"name": "a" * 10_000}, "invalid-request"),
        ({"name": None}, "invalid-request"),
        ({"name": 7}, "invalid-request"),
        ({"owner_count": 7}, "invalid-request"),
        ({"description": "a" * 501}, "text-not-allowed"),
        ({"description": "\u202e"}, "text-not-allowed"),
        ({"website": "javascript:alert(1)"}, "not-a-website"),
        ({"time_zone": "Mars/Olympus"}, "time-zone-not-known"),
        ({"contact_id": str(uuid.uuid4())}, "contact-not-a-member"),
        ({"contact_id": "nobody"}, "invalid-request"),
        ([], "invalid-request"),
    ],
)
def test_what_cannot_be_kept_is_refused_and_not_repeated(
    alice: Visitor, night_school: UUID, body: object, name: str
) -> None:
    answer = alice.api("PATCH", of(night_school), body)
    assert problem(answer) == (422, name)
    assert "Olympus" not in answer.content.decode()
    kept = Organization.objects.get(id=night_school)
    assert (kept.name, kept.description, kept.website, kept.time_zone) == ("Night school", "", "", "UTC")


def test_deleting_wants_the_name(alice: Visitor, bob: Visitor, night_school: UUID) -> None:
    for body, said in (
        ({"name": "night school"}, (422, "name-does-not-match")),
        ({}, (422, "invalid-request")),
        (None, (422, "invalid-request")),
    ):
        assert problem(alice.api("DELETE", of(night_school), body)) == said
    assert problem(bob.api("DELETE", of(night_school), {"name": "Night school"})) == (403, "not-allowed")
    assert Organization.objects.filter(id=night_school).exists()
    assert alice.api("DELETE", of(night_school), {"name": "Night school"}).status_code == 204
    assert problem(alice.api("GET", of(night_school))) == (404, "organization-not-found")


def test_leaving_tells_what_is_in_the_way(alice: Visitor, bob: Visitor, night_school: UUID) -> None:
    refused = alice.api("POST", of(night_school, "/leave"))
    assert problem(refused) == (409, "leaving-blocked")
    (blocker,) = refused.json()["blockers"]
    assert blocker["subject"] == {"kind": "organization", "id": str(night_school), "name": "Night school"}
    assert roles(night_school)[alice.account_id] == "owner"
    assert bob.api("POST", of(night_school, "/leave")).status_code == 204
    assert roles(night_school) == {alice.account_id: "owner"}
    assert problem(bob.api("POST", of(night_school, "/leave"))) == (404, "organization-not-found")


def test_members_are_listed_and_searched(alice: Visitor, bob: Visitor, night_school: UUID) -> None:
    listed = walk_through(bob, of(night_school, "/members"))
    assert [(item["email"], item["role"]) for item in listed] == [
        (alice.address, "owner"),
        (bob.address, "member"),
    ]
    assert set(listed[0]) == {"account_id", "name", "email", "role", "joined_at"}
    searched = alice.browser.get(f"/api/v1{of(night_school, '/members')}", {"search": "BOB@"}).json()
    assert [item["account_id"] for item in searched["items"]] == [str(bob.account_id)]


def test_roles_change_and_the_last_owner_stays(alice: Visitor, bob: Visitor, night_school: UUID) -> None:
    about_bob = of(night_school, f"/members/{bob.account_id}")
    about_alice = of(night_school, f"/members/{alice.account_id}")
    assert problem(alice.api("PATCH", about_alice, {"role": "member"})) == (409, "last-owner")
    assert problem(alice.api("DELETE", about_alice)) == (409, "last-owner")
    assert problem(bob.api("PATCH", about_bob, {"role": "owner"})) == (403, "not-allowed")
    assert problem(bob.api("DELETE", about_alice)) == (403, "not-allowed")
    assert problem(alice.api("PATCH", about_bob, {"role": "king"})) == (422, "invalid-request")
    assert roles(night_school) == {alice.account_id: "owner", bob.account_id: "member"}
    promoted = alice.api("PATCH", about_bob, {"role": "owner"})
    assert (promoted.status_code, promoted.json()["role"]) == (200, "owner")
    assert bob.api("DELETE", about_alice).status_code == 204
    assert roles(night_school) == {bob.account_id: "owner"}


def test_ownership_is_handed_over(alice: Visitor, bob: Visitor, night_school: UUID) -> None:
    charlie = enter("charlie")
    door = of(night_school, "/ownership")
    assert problem(alice.api("POST", door, {"account_id": str(charlie.account_id)})) == (
        404,
        "member-not-found",
    )
    assert problem(bob.api("POST", door, {"account_id": str(bob.account_id)})) == (403, "not-allowed")
    assert roles(night_school)[alice.account_id] == "owner"
    assert alice.api("POST", door, {"account_id": str(bob.account_id)}).status_code == 204
    assert roles(night_school) == {alice.account_id: "member", bob.account_id: "owner"}
