"""`/api/v1/organizations/{id}/projects` and `/api/v1/projects…`: the same operations, as JSON."""

from uuid import UUID

import pytest

from adieu.tenancy import ownership, projects
from adieu.tenancy.models import Project
from tests.support.visitors import (
    Visitor,
    admit,
    default_project,
    enter,
    found,
    problem,
    project_roles,
    roles,
    start_project,
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


@pytest.fixture
def recipes(alice: Visitor, night_school: UUID) -> UUID:
    return start_project(night_school, alice)


def test_projects_are_created_listed_renamed_and_deleted(
    alice: Visitor, bob: Visitor, night_school: UUID
) -> None:
    created = alice.api("POST", of(night_school, "/projects"), {"name": "Recipes"})
    assert created.status_code == 201
    recipes = created.json()
    assert (recipes["name"], recipes["is_default"], recipes["member_count"]) == ("Recipes", False, 1)
    listed = walk_through(alice, of(night_school, "/projects"))
    assert [item["name"] for item in listed] == ["Default Project", "Recipes"]
    assert walk_through(bob, of(night_school, "/projects")) == []
    project = f"/projects/{recipes['id']}"
    assert problem(bob.api("GET", project)) == (404, "project-not-found")
    assert problem(alice.api("PATCH", project, {"name": "Default Project"})) == (409, "project-name-taken")
    assert alice.api("PATCH", project, {"name": "Cooking"}).json()["name"] == "Cooking"
    assert problem(alice.api("DELETE", project, {"name": "Recipes"})) == (422, "project-name-does-not-match")
    assert Project.objects.filter(name="Cooking").exists()
    assert alice.api("DELETE", project, {"name": "Cooking"}).status_code == 204
    assert not Project.objects.filter(name="Cooking").exists()


def test_the_default_project_stays(alice: Visitor, night_school: UUID) -> None:
    default = f"/projects/{default_project(night_school, alice)}"
    stays = (409, "default-project-stays")
    assert problem(alice.api("PATCH", default, {"name": "Mine"})) == stays
    assert problem(alice.api("DELETE", default, {"name": "Default Project"})) == stays
    assert alice.api("GET", default).json()["name"] == "Default Project"


def test_limits_are_told(alice: Visitor, night_school: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projects, "MOST_PROJECTS", 1)
    answer = alice.api("POST", of(night_school, "/projects"), {"name": "Recipes"})
    assert problem(answer) == (409, "too-many-projects")
    monkeypatch.setattr(ownership, "MOST_MEMBERS", 2)
    with pytest.raises(ownership.TooManyMembers):
        admit(night_school, enter("charlie"))
    assert len(roles(night_school)) == 2


def test_project_members_are_added_changed_and_removed(
    alice: Visitor, bob: Visitor, recipes: UUID, night_school: UUID
) -> None:
    charlie = enter("charlie")
    door, about_bob = f"/projects/{recipes}/members", f"/projects/{recipes}/members/{bob.account_id}"
    assert problem(alice.api("PATCH", about_bob, {"role": "owner"})) == (404, "member-not-found")
    assert problem(alice.api("DELETE", about_bob)) == (404, "member-not-found")
    stranger = alice.api("POST", door, {"account_id": str(charlie.account_id)})
    assert problem(stranger) == (404, "member-not-found")
    added = alice.api("POST", door, {"account_id": str(bob.account_id)})
    assert (added.status_code, added.json()["role"]) == (201, "member")
    assert problem(alice.api("POST", door, {"account_id": str(bob.account_id)})) == (409, "already-member")
    assert problem(bob.api("PATCH", about_bob, {"role": "owner"})) == (403, "not-allowed")
    assert project_roles(recipes)[bob.account_id] == "member"
    assert alice.api("PATCH", about_bob, {"role": "owner"}).json()["role"] == "owner"
    assert [item["email"] for item in walk_through(bob, door)] == [alice.address, bob.address]
    assert bob.api("DELETE", f"{door}/{alice.account_id}").status_code == 204
    assert project_roles(recipes) == {bob.account_id: "owner"}
    # Listed or not, an owner of the organization acts in all of its projects.
    assert alice.api("DELETE", about_bob).status_code == 204
