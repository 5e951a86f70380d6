"""What somebody else learns and changes with the ids of another tenant, over REST: nothing."""

import uuid
from uuid import UUID

import pytest
from django.test import Client

from adieu.tenancy.models import Organization, Project, Role
from tests.support.visitors import (
    Visitor,
    admit,
    enter,
    found,
    place,
    problem,
    project_roles,
    roles,
    start_project,
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


@pytest.fixture
def recipes(alice: Visitor, night_school: UUID) -> UUID:
    return start_project(night_school, alice)


WITHIN_ORGANIZATION = [
    ("GET", "", None),
    ("PATCH", "", {"name": "Mine"}),
    ("DELETE", "", {"name": "Night school"}),
    ("POST", "/leave", None),
    ("GET", "/members", None),
    ("GET", "/projects", None),
    ("POST", "/projects", {"name": "Mine"}),
]
WITHIN_PROJECT = [
    ("GET", "", None),
    ("PATCH", "", {"name": "Mine"}),
    ("DELETE", "", {"name": "Recipes"}),
    ("GET", "/members", None),
]


def test_a_stranger_cannot_tell_what_is_there(
    alice: Visitor, bob: Visitor, night_school: UUID, recipes: UUID
) -> None:
    charlie, nowhere = enter("charlie"), uuid.uuid4()
    member, role = f"/members/{bob.account_id}", {"role": "owner"}
    mine = {"account_id": str(charlie.account_id)}
    organization = [
        *WITHIN_ORGANIZATION,
        ("PATCH", member, role),
        ("DELETE", member, None),
        ("POST", "/ownership", mine),
    ]
    project = [*WITHIN_PROJECT, ("POST", "/members", mine), ("PATCH", member, role), ("DELETE", member, None)]
    before = roles(night_school), project_roles(recipes)
    for kind, there, calls in (("organizations", night_school, organization), ("projects", recipes, project)):
        for method, rest, body in calls:
            real = charlie.api(method, f"/{kind}/{there}{rest}", body)
            missing = charlie.api(method, f"/{kind}/{nowhere}{rest}", body)
            assert real.status_code == 404, (method, rest)
            assert real.content == missing.content
    assert (roles(night_school), project_roles(recipes)) == before
    assert Organization.objects.get(id=night_school).name == "Night school"
    assert Project.objects.get(id=recipes).name == "Recipes"


def test_the_ids_of_another_tenant_lead_nowhere(
    alice: Visitor, bob: Visitor, night_school: UUID, recipes: UUID
) -> None:
    """Bob owns an organization of his own and tries alice's ids within it."""
    own = found(bob, "Own")
    own_project = start_project(own, bob)
    member = f"/members/{alice.account_id}"
    for method, path, body in (
        ("PATCH", of(own, member), {"role": "owner"}),
        ("DELETE", of(own, member), None),
        ("POST", of(own, "/ownership"), {"account_id": str(alice.account_id)}),
        ("POST", f"/projects/{own_project}/members", {"account_id": str(alice.account_id)}),
        ("PATCH", f"/projects/{own_project}{member}", {"role": "owner"}),
        ("DELETE", f"/projects/{own_project}{member}", None),
    ):
        assert problem(bob.api(method, path, body)) == (404, "member-not-found"), path
    assert roles(own) == {bob.account_id: "owner"}
    assert project_roles(recipes) == {alice.account_id: "owner"}


def test_a_contact_of_another_tenant_is_refused(alice: Visitor, bob: Visitor) -> None:
    own = found(bob, "Own")
    answer = bob.api("PATCH", of(own), {"contact_id": str(alice.account_id)})
    assert problem(answer) == (422, "contact-not-a-member")
    assert Organization.objects.get(id=own).contact_id is None


@pytest.mark.parametrize("wrong", ["nothing", "0", "00000000-0000-0000-0000-00000000000g", "%00", "' OR 1=1"])
def test_what_is_no_id_is_refused(alice: Visitor, night_school: UUID, recipes: UUID, wrong: str) -> None:
    for path in (
        of(wrong),
        of(wrong, "/members"),
        f"/projects/{wrong}",
        f"/projects/{wrong}/members",
    ):
        assert alice.api("GET", path).status_code in {404, 422}, path
    for path in (of(night_school, f"/members/{wrong}"), f"/projects/{recipes}/members/{wrong}"):
        assert alice.api("PATCH", path, {"role": "owner"}).status_code in {404, 422}, path


def test_a_cursor_is_good_for_its_list_only(alice: Visitor, night_school: UUID) -> None:
    first = alice.browser.get(f"/api/v1{of(night_school, '/members')}", {"limit": 1}).json()
    other = found(alice, "Archive")
    for path in (of(other, "/members"), of(night_school, "/projects"), "/organizations"):
        answer = alice.browser.get(f"/api/v1{path}", {"cursor": first["next_cursor"]})
        assert problem(answer) == (422, "cursor-not-known")


def test_nobody_without_a_sign_in_or_from_a_foreign_page(alice: Visitor, night_school: UUID) -> None:
    for method, rest, body in WITHIN_ORGANIZATION:
        outside = Visitor(alice.account_id, alice.address, Client())
        assert outside.api(method, of(night_school, rest), body).status_code == 401
    forged = Client(enforce_csrf_checks=True)
    forged.cookies = alice.browser.cookies
    outside = Visitor(alice.account_id, alice.address, forged)
    assert outside.api("DELETE", of(night_school), {"name": "Night school"}).status_code == 403
    assert Organization.objects.filter(id=night_school).exists()


def test_who_is_demoted_or_removed_can_do_nothing_from_then_on(
    alice: Visitor, bob: Visitor, night_school: UUID, recipes: UUID
) -> None:
    place(recipes, alice, bob, Role.OWNER)
    assert bob.api("GET", f"/projects/{recipes}").status_code == 200
    alice.api("PATCH", f"/projects/{recipes}/members/{bob.account_id}", {"role": "member"})
    refused = bob.api("DELETE", f"/projects/{recipes}/members/{alice.account_id}")
    assert problem(refused) == (403, "not-allowed")
    alice.api("DELETE", of(night_school, f"/members/{bob.account_id}"))
    assert problem(bob.api("GET", f"/projects/{recipes}")) == (404, "project-not-found")
    assert project_roles(recipes) == {alice.account_id: "owner"}
