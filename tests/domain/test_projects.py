"""Projects, as pages (Rules O1, O4, O5, O7)."""

import uuid
from uuid import UUID

import pytest

from adieu.tenancy import projects
from adieu.tenancy.models import Project, Role
from tests.support.visitors import (
    Visitor,
    admit,
    default_project,
    enter,
    found,
    place,
    project_roles,
    start_project,
)

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])


def page(project_id: UUID, rest: str = "") -> str:
    return f"/projects/{project_id}/{rest}"


def names(organization_id: UUID) -> set[str]:
    return set(Project.objects.filter(organization_id=organization_id).values_list("name", flat=True))


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


def test_an_owner_creates_one_and_is_listed(alice: Visitor, night_school: UUID) -> None:
    created = alice.post(f"/organizations/{night_school}/projects/create/", name="  Maps ")
    project = Project.objects.get(name="Maps")
    assert created["Location"] == page(project.id)
    assert project_roles(project.id) == {alice.account_id: "owner"}
    assert "Maps" in alice.shown(f"/organizations/{night_school}/projects/")
    assert "Maps" in alice.shown("/")


@pytest.mark.parametrize(
    "name", ["", "  ", "\u3164", "a\x00b", "a\u200bb", "a" * 65, "a" * 10_000, "Recipes"]
)
def test_names_that_cannot_be_are_refused(
    alice: Visitor, night_school: UUID, recipes: UUID, name: str
) -> None:
    created = alice.post(f"/organizations/{night_school}/projects/create/", name=name)
    other = start_project(night_school, alice, "Maps")
    renamed = alice.post(page(other), name=name)
    for answer in (created, renamed):
        assert answer.status_code == 422
        assert 'id="id_name_error"' in answer.content.decode()
    assert names(night_school) == {"Default Project", "Recipes", "Maps"}


def test_there_is_a_most(alice: Visitor, night_school: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projects, "MOST_PROJECTS", 1)
    answer = alice.post(f"/organizations/{night_school}/projects/create/", name="Maps")
    assert answer.status_code == 422
    assert "at most" in answer.content.decode()
    assert names(night_school) == {"Default Project"}


def test_a_member_sees_only_projects_they_have_a_place_in(
    alice: Visitor, bob: Visitor, night_school: UUID, recipes: UUID
) -> None:
    start_project(night_school, alice, "Secret plans")
    for where in ("/", f"/organizations/{night_school}/", f"/organizations/{night_school}/projects/"):
        shown = bob.shown(where)
        assert "Recipes" not in shown
        assert str(default_project(night_school, alice)) not in shown
    assert bob.get(page(recipes)).status_code == 404
    place(recipes, alice, bob)
    for where in ("/", f"/organizations/{night_school}/projects/"):
        shown = bob.shown(where)
        assert "Recipes" in shown
        assert "Secret plans" not in shown
    assert "1 project<" in bob.shown(f"/organizations/{night_school}/")
    assert "Recipes" in bob.shown(page(recipes))


def test_a_project_member_is_offered_and_may_change_nothing(
    alice: Visitor, bob: Visitor, recipes: UUID, night_school: UUID
) -> None:
    charlie = enter("charlie")
    admit(night_school, charlie)
    place(recipes, alice, bob)
    shown = bob.shown(page(recipes))
    for offer in ("Add member", "Rename project", "Delete project", "Make owner", "Remove"):
        assert offer not in shown
    _try_everything(bob, recipes, charlie, expected=403)
    assert bob.post(f"/organizations/{night_school}/projects/create/", name="Mine").status_code == 403
    assert project_roles(recipes) == {alice.account_id: "owner", bob.account_id: "member"}
    assert names(night_school) == {"Default Project", "Recipes"}


def test_who_has_no_place_in_it_finds_nothing(
    alice: Visitor, bob: Visitor, recipes: UUID, night_school: UUID
) -> None:
    charlie = enter("charlie")
    for visitor in (bob, charlie):
        there, missing = visitor.get(page(recipes)), visitor.get(page(uuid.uuid4()))
        assert (there.status_code, there.content) == (404, missing.content)
        _try_everything(visitor, recipes, bob, expected=404)
    assert project_roles(recipes) == {alice.account_id: "owner"}
    assert names(night_school) == {"Default Project", "Recipes"}


def _try_everything(visitor: Visitor, project_id: UUID, other: Visitor, *, expected: int) -> None:
    member = {"member": str(other.account_id), "role": "owner"}
    for rest, values in (
        ("", {"name": "Mine"}),
        ("", {"name": ""}),
        ("delete/", {"name": "Recipes"}),
        ("members/", member),
        ("members/", {}),
        (f"members/{visitor.account_id}/role/", {"role": "owner"}),
        (f"members/{other.account_id}/remove/", {}),
        (f"members/{visitor.account_id}/remove/", {}),
    ):
        assert visitor.post(page(project_id, rest), **values).status_code == expected, rest


def test_a_project_owner_manages_its_members_and_not_the_project(
    alice: Visitor, bob: Visitor, recipes: UUID, night_school: UUID
) -> None:
    charlie = enter("charlie")
    admit(night_school, charlie)
    place(recipes, alice, bob, Role.OWNER)
    shown = bob.shown(page(recipes))
    assert "Add member" in shown
    assert "Rename project" not in shown
    assert bob.post(page(recipes, "members/"), member=str(charlie.account_id), role="member")["Location"]
    assert project_roles(recipes)[charlie.account_id] == "member"
    bob.post(page(recipes, f"members/{charlie.account_id}/role/"), role="owner")
    assert project_roles(recipes)[charlie.account_id] == "owner"
    bob.post(page(recipes, f"members/{charlie.account_id}/remove/"))
    assert charlie.account_id not in project_roles(recipes)
    assert bob.post(page(recipes), name="Mine").status_code == 403
    assert bob.post(page(recipes, "delete/"), name="Recipes").status_code == 403
    left = bob.post(page(recipes, f"members/{bob.account_id}/remove/"))
    assert left["Location"] == "/"
    assert names(night_school) == {"Default Project", "Recipes"}


def test_only_members_of_the_organization_are_added_and_once(
    alice: Visitor, bob: Visitor, recipes: UUID
) -> None:
    charlie = enter("charlie")
    for chosen in ("", "nobody", str(uuid.uuid4()), str(charlie.account_id), str(alice.account_id)):
        answer = alice.post(page(recipes, "members/"), member=chosen, role="member")
        assert answer.status_code == 422
    assert alice.post(page(recipes, "members/"), member=str(bob.account_id), role="king").status_code == 422
    assert project_roles(recipes) == {alice.account_id: "owner"}
    not_inside = page(recipes, f"members/{bob.account_id}/role/")
    assert alice.post(not_inside, role="owner").status_code == 404
    assert project_roles(recipes) == {alice.account_id: "owner"}


def test_it_is_renamed(alice: Visitor, recipes: UUID, night_school: UUID) -> None:
    assert alice.post(page(recipes), name="Cooking")["Location"] == page(recipes)
    assert names(night_school) == {"Default Project", "Cooking"}


def test_it_goes_when_its_name_was_typed(alice: Visitor, recipes: UUID, night_school: UUID) -> None:
    assert "Type" in alice.shown(page(recipes, "delete/"))
    for wrong in ("", "recipes", "Default Project"):
        assert alice.post(page(recipes, "delete/"), name=wrong).status_code == 422
    assert "Recipes" in names(night_school)
    gone = alice.post(page(recipes, "delete/"), name="Recipes")
    assert gone["Location"] == f"/organizations/{night_school}/projects/"
    assert names(night_school) == {"Default Project"}
    assert project_roles(recipes) == {}


def test_the_default_project_stays_and_says_why(alice: Visitor, night_school: UUID) -> None:
    default = default_project(night_school, alice)
    shown = alice.shown(page(default))
    assert "stays as long as" in shown
    assert "Rename project" not in shown
    assert page(default, "delete/") not in shown
    alice.post(page(default, "delete/"), name="Default Project")
    assert alice.post(page(default), name="Mine").status_code == 422
    assert names(night_school) == {"Default Project"}
