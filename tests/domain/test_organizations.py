"""Settings of an organization, leaving it, and the switcher, as pages (Rules O1, O2, O5, O6)."""

import uuid
from uuid import UUID

import pytest

from adieu.activities.models import Activity
from adieu.tenancy.models import Organization, Role
from tests.support.visitors import (
    Visitor,
    admit,
    enter,
    found,
    place,
    roles,
    start_project,
)

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

SAID = {"name": "Night school", "description": "", "website": "", "contact": "", "time_zone": "UTC"}


def page(organization_id: UUID, rest: str = "") -> str:
    return f"/organizations/{organization_id}/{rest}"


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


def test_an_owner_changes_the_information(alice: Visitor, bob: Visitor, night_school: UUID) -> None:
    said = {
        "name": " Evening school ",
        "description": "We learn\r\nat night.",
        "website": "https://school.example.org/a?b=c",
        "contact": str(bob.account_id),
        "time_zone": "Europe/Berlin",
    }
    answer = alice.post(page(night_school), **said)
    assert (answer.status_code, answer["Location"]) == (302, page(night_school))
    kept = Organization.objects.get(id=night_school)
    assert (kept.name, kept.description) == ("Evening school", "We learn\nat night.")
    assert (kept.website, kept.contact_id, kept.time_zone) == (
        said["website"],
        bob.account_id,
        "Europe/Berlin",
    )
    shown = bob.shown(page(night_school))
    for text in ("Evening school", "at night.", 'href="https://school.example.org/a?b=c"', "Europe/Berlin"):
        assert text in shown
    assert "<textarea" not in shown


def test_a_member_sees_it_and_is_offered_nothing_else(bob: Visitor, night_school: UUID) -> None:
    shown = bob.shown(page(night_school))
    assert page(night_school, "leave/") in shown
    assert page(night_school, "delete/") not in shown
    assert "Save information" not in shown


@pytest.mark.parametrize("said", [{"name": "Mine"}, {"name": "\x00"}, {}])
def test_a_member_changes_nothing(bob: Visitor, night_school: UUID, said: dict[str, str]) -> None:
    assert bob.post(page(night_school), **{**SAID, **said}).status_code == 403
    assert Organization.objects.get(id=night_school).name == "Night school"


def test_a_stranger_learns_nothing(night_school: UUID) -> None:
    charlie = enter("charlie")
    nowhere = uuid.uuid4()
    for rest in ("", "leave/", "delete/", "members/", "projects/", "projects/create/"):
        there, missing = charlie.get(page(night_school, rest)), charlie.get(page(nowhere, rest))
        assert (there.status_code, missing.status_code) == (404, 404)
        assert there.content.replace(str(night_school).encode(), b"") == missing.content.replace(
            str(nowhere).encode(), b""
        )
    for rest in ("", "leave/", "leave/hand-over/", "delete/", "members/hand-over/", "projects/create/"):
        assert charlie.post(page(night_school, rest), **SAID).status_code == 404
    assert len(roles(night_school)) == 2
    assert Organization.objects.get(id=night_school).name == "Night school"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "   "),
        ("name", "\u3164"),
        ("name", "a\u202eb"),
        ("name", "a\x00b"),
        ("name", "a" * 10_000),
        ("description", "a" * 501),
        ("description", "a" * 10_000),
        ("description", "a\x00"),
        ("description", "a\u202eb"),
        ("website", "school.example.org"),
        ("website", "javascript:alert(1)"),
        ("website", "https://"),
        ("website", "https://[::1"),
        ("website", "https://a b.example.org"),
        ("website", "https://alice:secret@example.org"),
        ("website", "https://example.org/" + "a" * 10_000),
        ("contact", "not-an-id"),
        ("contact", str(uuid.uuid4())),
        ("time_zone", ""),
        ("time_zone", "Mars/Olympus"),
        ("time_zone", "../../etc/passwd"),
    ],
)
def test_what_cannot_be_kept_is_refused_beside_its_field(
    alice: Visitor, night_school: UUID, field: str, value: str
) -> None:
    answer = alice.post(page(night_school), **{**SAID, "name": "Other", field: value})
    assert answer.status_code == 422
    assert f'id="id_{field}_error"' in answer.content.decode()
    kept = Organization.objects.get(id=night_school)
    assert (kept.name, kept.description, kept.website, kept.contact_id) == ("Night school", "", "", None)


def test_a_stranger_is_no_contact(alice: Visitor, night_school: UUID) -> None:
    charlie = enter("charlie")
    answer = alice.post(page(night_school), **{**SAID, "contact": str(charlie.account_id)})
    assert answer.status_code == 422
    assert Organization.objects.get(id=night_school).contact_id is None


def test_a_zone_by_an_older_name_stays_when_something_else_changes(
    alice: Visitor, night_school: UUID
) -> None:
    Organization.objects.filter(id=night_school).update(time_zone="Etc/GMT+5")
    assert '<option value="Etc/GMT+5" selected>' in alice.shown(page(night_school))
    assert alice.post(page(night_school), **{**SAID, "time_zone": "Etc/GMT+5"}).status_code == 302


def test_a_member_leaves_with_their_places_in_projects(
    alice: Visitor, bob: Visitor, night_school: UUID
) -> None:
    recipes = start_project(night_school, alice)
    place(recipes, alice, bob, Role.OWNER)
    assert "Leave organization" in bob.shown(page(night_school, "leave/"))
    assert bob.account_id in roles(night_school)
    answer = bob.post(page(night_school, "leave/"))
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert roles(night_school) == {alice.account_id: "owner"}
    assert bob.get(page(night_school)).status_code == 404
    assert bob.get(f"/projects/{recipes}/").status_code == 404
    assert Activity.objects.filter(kind="organization.member_left", actor_id=bob.account_id).count() == 1


def test_the_only_owner_stays_and_sees_why(alice: Visitor, night_school: UUID) -> None:
    answer = alice.post(page(night_school, "leave/"))
    assert answer.status_code == 409
    assert "You are its only owner" in answer.content.decode()
    assert roles(night_school)[alice.account_id] == "owner"
    shown = alice.shown(page(night_school, "leave/"))
    assert "Hand over and leave" in shown
    assert "bob@example.org" in shown


def test_the_only_member_is_never_told_to_promote_another(alice: Visitor) -> None:
    alone = found(alice, "Alone")
    shown = alice.shown(page(alone, "leave/"))
    assert "It can only be deleted" in shown
    assert "Hand over" not in shown
    assert "New owner" not in shown
    assert "Hand over" not in alice.shown(page(alone, "members/"))


def test_handing_over_and_leaving_in_one_step(alice: Visitor, bob: Visitor, night_school: UUID) -> None:
    answer = alice.post(page(night_school, "leave/hand-over/"), **{str(night_school): str(bob.account_id)})
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert roles(night_school) == {bob.account_id: "owner"}


def test_nobody_is_handed_over_to_who_is_no_member(alice: Visitor, night_school: UUID) -> None:
    charlie = enter("charlie")
    for chosen in ("", "nobody", str(uuid.uuid4()), str(charlie.account_id), str(alice.account_id)):
        answer = alice.post(page(night_school, "leave/hand-over/"), **{str(night_school): chosen})
        assert answer.status_code == 422
        assert roles(night_school)[alice.account_id] == "owner"
    assert charlie.account_id not in roles(night_school)


def test_leaving_happens_on_no_get(bob: Visitor, night_school: UUID) -> None:
    assert bob.get(page(night_school, "leave/")).status_code == 200
    assert bob.get(page(night_school, "leave/hand-over/")).status_code == 405
    assert bob.account_id in roles(night_school)


def test_the_switcher_stays_where_one_was(alice: Visitor, night_school: UUID) -> None:
    archive = found(alice, "Archive")
    assert page(archive, "members/") in alice.shown("/account/")
    alice.shown(page(night_school, "projects/"))
    assert page(night_school, "members/") in alice.shown("/account/")
    assert page(archive) in alice.shown("/account/")
    alice.shown(page(archive))
    assert page(archive, "members/") in alice.shown("/")


@pytest.mark.parametrize("wish", ["", "nothing", '"><script>', str(uuid.uuid4())])
def test_the_switcher_shows_only_ones_own(alice: Visitor, bob: Visitor, wish: str) -> None:
    found(alice, "Archive")
    secret = found(bob, "Secret society")
    for wished in (wish, str(secret)):
        alice.browser.cookies["organization"] = wished
        shown = alice.shown("/account/")
        assert "Archive" in shown
        assert "Secret society" not in shown
        assert "<script>" not in shown.replace("<script src", "")
