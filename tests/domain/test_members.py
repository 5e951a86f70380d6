"""The members of an organization, as pages (Rules O1, O2, O5)."""

import uuid
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from adieu.accounts.operations import change_profile
from adieu.activities.models import Activity
from adieu.notices.models import Notice
from adieu.tenancy.models import ProjectMembership
from tests.support.entrance import mail_to
from tests.support.visitors import (
    Visitor,
    admit,
    default_project,
    enter,
    found,
    place,
    roles,
    start_project,
)

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])


def page(organization_id: UUID, rest: str = "") -> str:
    return f"/organizations/{organization_id}/members/{rest}"


def call(visitor: Visitor, name: str) -> None:
    change_profile(account_id=visitor.account_id, name=name, company="", country="")


def table_of(shown: str) -> str:
    return shown.partition("<table")[2].partition("</table>")[0]


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


def test_members_are_listed_by_name_and_ones_own_row_says_so(
    alice: Visitor, bob: Visitor, night_school: UUID
) -> None:
    call(alice, "Zoë <Ä>")
    call(bob, "Bob Baker")
    for looking in (alice, bob):
        shown = table_of(looking.shown(page(night_school)))
        assert shown.index("Bob Baker") < shown.index("Zoë &lt;Ä&gt;")
        assert shown.count(">You<") == 1
        row = shown[shown.index(looking.address) - 300 : shown.index(looking.address)]
        assert ">You<" in row


def test_only_who_may_is_offered_to_change_anything(alice: Visitor, bob: Visitor, night_school: UUID) -> None:
    offered = page(night_school, f"{bob.account_id}/remove/"), "Make owner", "Hand over ownership"
    shown = alice.shown(page(night_school))
    assert all(text in shown for text in offered)
    shown = bob.shown(page(night_school))
    assert not any(text in shown for text in (*offered, f"{alice.account_id}/remove/"))
    assert f"/organizations/{night_school}/leave/" in shown


@pytest.mark.parametrize(
    ("search", "is_found"),
    [
        ("baker", True),
        ("BOB@EXAMPLE", True),
        ("  baker ", True),
        ("Cafe\u0301", True),
        ("café", True),
        ("alice", False),
        ("%", False),
        ("_", False),
        ("' OR 1=1", False),
        ("\u202e", False),
    ],
)
def test_search_by_part_of_a_name_or_address(
    alice: Visitor, bob: Visitor, night_school: UUID, search: str, is_found: bool
) -> None:
    call(bob, "Bob Baker Café")
    shown = alice.shown(page(night_school), search=search)
    assert ("Bob Baker" in table_of(shown)) is is_found
    found_by_api = alice.browser.get(
        f"/api/v1/organizations/{night_school}/members", {"search": search}
    ).json()
    assert (str(bob.account_id) in {item["account_id"] for item in found_by_api["items"]}) is is_found


@pytest.mark.parametrize("search", ["a" * 10_000, "\x00"])
def test_a_search_that_cannot_be_is_refused(alice: Visitor, night_school: UUID, search: str) -> None:
    assert alice.get(page(night_school), search=search).status_code == 422


def test_an_owner_promotes_and_demotes(alice: Visitor, bob: Visitor, night_school: UUID) -> None:
    role = page(night_school, f"{bob.account_id}/role/")
    assert alice.post(role, role="owner")["Location"] == page(night_school)
    assert roles(night_school)[bob.account_id] == "owner"
    assert alice.post(role, role="member").status_code == 302
    assert roles(night_school)[bob.account_id] == "member"
    assert Activity.objects.filter(kind="organization.member_role_changed").count() == 2


def test_the_only_owner_is_not_demoted(alice: Visitor, night_school: UUID) -> None:
    alice.post(page(night_school, f"{alice.account_id}/role/"), role="member")
    assert roles(night_school)[alice.account_id] == "owner"
    assert "keeps at least one owner" in alice.shown(page(night_school))


@pytest.mark.parametrize("role", ["", "admin", "OWNER", "owner\x00"])
def test_there_are_two_roles(alice: Visitor, bob: Visitor, night_school: UUID, role: str) -> None:
    assert alice.post(page(night_school, f"{bob.account_id}/role/"), role=role).status_code == 400
    assert roles(night_school)[bob.account_id] == "member"


def test_a_member_changes_and_removes_nobody(alice: Visitor, bob: Visitor, night_school: UUID) -> None:
    charlie = enter("charlie")
    admit(night_school, charlie)
    before = roles(night_school)
    for about in (charlie, alice, bob):
        assert bob.post(page(night_school, f"{about.account_id}/role/"), role="owner").status_code == 403
        assert bob.get(page(night_school, f"{about.account_id}/remove/")).status_code == 403
        assert bob.post(page(night_school, f"{about.account_id}/remove/")).status_code == 403
    for member in (charlie, bob, alice):
        handed = bob.post(page(night_school, "hand-over/"), member=str(member.account_id))
        assert handed.status_code == 403
    assert roles(night_school) == before


def test_a_stranger_reaches_nobody(alice: Visitor, bob: Visitor, night_school: UUID) -> None:
    charlie = enter("charlie")
    own = found(charlie, "Own")
    before = roles(night_school)
    for organization_id in (night_school, own):
        # In an organization of their own, too, somebody else's member is nobody.
        about = page(organization_id, f"{bob.account_id}/")
        assert charlie.post(f"{about}role/", role="owner").status_code == 404
        assert charlie.get(f"{about}remove/").status_code == 404
        assert charlie.post(f"{about}remove/").status_code == 404
    assert charlie.get(page(night_school)).status_code == 404
    assert charlie.post(page(night_school, "hand-over/"), member=str(bob.account_id)).status_code == 404
    assert alice.post(page(night_school, f"{uuid.uuid4()}/role/"), role="owner").status_code == 404
    assert charlie.post(page(night_school, "not-an-id/role/"), role="owner").status_code == 404
    assert roles(night_school) == before


def test_who_is_removed_loses_their_places_and_is_told(
    alice: Visitor, bob: Visitor, night_school: UUID
) -> None:
    recipes = start_project(night_school, alice)
    place(recipes, alice, bob)
    asked = alice.shown(page(night_school, f"{bob.account_id}/remove/"))
    assert "bob@example.org" in asked
    assert bob.account_id in roles(night_school)
    alice.post(page(night_school, f"{bob.account_id}/remove/"))
    assert roles(night_school) == {alice.account_id: "owner"}
    assert not ProjectMembership.objects.filter(project=recipes).exclude(member__account_id=alice.account_id)
    assert bob.get(page(night_school)).status_code == 404
    assert "Night school" in mail_to(bob.address)[-1].subject


def test_the_only_owner_is_not_removed_and_nobody_is_told(alice: Visitor, night_school: UUID) -> None:
    owed = Notice.objects.count()
    alice.post(page(night_school, f"{alice.account_id}/remove/"))
    assert roles(night_school)[alice.account_id] == "owner"
    assert Notice.objects.count() == owed


def test_ownership_is_handed_over_after_a_page_that_says_what_that_means(
    alice: Visitor, bob: Visitor, night_school: UUID
) -> None:
    asked = alice.shown(page(night_school, "hand-over/"), member=str(bob.account_id))
    assert "You become a member" in asked
    assert roles(night_school)[bob.account_id] == "member"
    answer = alice.post(page(night_school, "hand-over/"), member=str(bob.account_id))
    assert answer["Location"] == page(night_school)
    assert roles(night_school) == {alice.account_id: "member", bob.account_id: "owner"}
    assert "Hand over ownership" not in alice.shown(page(night_school))


def test_ownership_is_handed_to_members_only(alice: Visitor, night_school: UUID) -> None:
    charlie = enter("charlie")
    for chosen in ("", "nobody", str(uuid.uuid4()), str(charlie.account_id), str(alice.account_id)):
        assert alice.post(page(night_school, "hand-over/"), member=chosen).status_code == 422
    assert roles(night_school)[alice.account_id] == "owner"
    assert charlie.account_id not in roles(night_school)


def test_it_goes_back_to_where_one_came_from_and_to_no_other_site(
    alice: Visitor, bob: Visitor, night_school: UUID
) -> None:
    role = page(night_school, f"{bob.account_id}/role/")
    assert alice.post(role, role="owner", next="/account/deletion/")["Location"] == "/account/deletion/"
    assert alice.post(role, role="owner", next="//evil.example/")["Location"] == page(night_school)


def test_an_erased_contact_and_member_is_nowhere(alice: Visitor, bob: Visitor, night_school: UUID) -> None:
    call(bob, "Bob Baker")
    default_project(night_school, alice)
    said = {"name": "Night school", "contact": str(bob.account_id), "time_zone": "UTC"}
    assert alice.post(f"/organizations/{night_school}/", **said).status_code == 302
    bob.post(f"/organizations/{night_school}/leave/")
    for shown in (alice.shown(page(night_school)), alice.shown(f"/organizations/{night_school}/")):
        assert "Bob Baker" not in shown
        assert "bob@example.org" not in shown


def test_many_members_cost_no_more_statements(alice: Visitor, night_school: UUID) -> None:
    alice.shown(page(night_school))
    counts = []
    for name in ("charlie", "dora", "eve"):
        admit(night_school, enter(name))
        with CaptureQueriesContext(connection) as captured:
            alice.shown(page(night_school))
        counts.append(len(captured))
    assert counts[0] == counts[1] == counts[2]
