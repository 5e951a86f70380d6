"""Settling what blocks a deletion in place: somebody else becomes owner (Rules D2, O2)."""

import uuid
from uuid import UUID

import pytest
from django.utils import timezone

from adieu.tenancy.models import OrganizationMembership, Role
from adieu.tenancy.rosters import others_in
from tests.support.people import settle
from tests.support.visitors import Visitor, admit, enter, found

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

BLOCKERS = "/account/deletion/"
DOOR = "/account/deletion/hand-over/"


def role_of(organization_id: UUID, visitor: Visitor) -> str:
    return OrganizationMembership.objects.get(
        organization_id=organization_id, account_id=visitor.account_id
    ).role


@pytest.fixture
def alice() -> Visitor:
    visitor = enter("alice")
    settle(visitor.account_id, timezone.now())
    return visitor


@pytest.fixture
def bob() -> Visitor:
    return enter("bob")


@pytest.fixture
def charlie() -> Visitor:
    return enter("charlie")


def test_one_is_settled_and_one_is_back_on_the_list(alice: Visitor, bob: Visitor, charlie: Visitor) -> None:
    school, archive = found(alice, "School"), found(alice, "Archive")
    for organization_id in (school, archive):
        admit(organization_id, bob)
        admit(organization_id, charlie)
    shown = alice.shown(BLOCKERS)
    assert "2 things are in the way" in shown
    assert shown.count("bob@example.org") == 2
    chosen = {str(school): str(bob.account_id), str(archive): str(charlie.account_id), "only": str(school)}
    assert alice.post(DOOR, **chosen)["Location"] == BLOCKERS
    assert role_of(school, bob) == "owner"
    assert role_of(archive, charlie) == "member"
    assert "1 thing is in the way" in alice.shown(BLOCKERS)


def test_all_are_settled_in_one_step(alice: Visitor, bob: Visitor, charlie: Visitor) -> None:
    school, archive = found(alice, "School"), found(alice, "Archive")
    for organization_id in (school, archive):
        admit(organization_id, bob)
        admit(organization_id, charlie)
    assert "Hand over and continue" in alice.shown(BLOCKERS)
    chosen = {str(school): str(bob.account_id), str(archive): str(charlie.account_id)}
    assert alice.post(DOOR, **chosen)["Location"] == "/account/deletion/feedback/"
    assert (role_of(school, bob), role_of(archive, charlie)) == ("owner", "owner")
    assert (role_of(school, charlie), role_of(archive, bob)) == ("member", "member")
    assert (role_of(school, alice), role_of(archive, alice)) == ("owner", "owner")


def test_all_or_none(alice: Visitor, bob: Visitor, charlie: Visitor) -> None:
    school, archive = found(alice, "School"), found(alice, "Archive")
    for organization_id in (school, archive):
        admit(organization_id, bob)
    stranger = str(charlie.account_id)
    for other in ("", "nobody", stranger, str(uuid.uuid4()), str(alice.account_id)):
        answer = alice.post(DOOR, **{str(school): str(bob.account_id), str(archive): other})
        assert answer.status_code == 422
        assert f'id="id_{archive}_error"' in answer.content.decode()
        assert role_of(school, bob) == "member"
    # What one has not to settle needs no choice.
    assert alice.post(DOOR, **{str(school): str(bob.account_id), "only": str(school)}).status_code == 302


def test_what_cannot_be_handed_over_stays_on_the_list(alice: Visitor, bob: Visitor) -> None:
    school, alone = found(alice, "School"), found(alice, "Alone")
    admit(school, bob)
    assert alice.post(DOOR, **{str(school): str(bob.account_id)})["Location"] == BLOCKERS
    shown = alice.shown(BLOCKERS)
    assert "Alone" in shown
    assert "Hand over" not in shown
    assert "owner of Alone" not in shown
    assert f"/organizations/{alone}/delete/" in shown


def test_the_only_member_is_never_told_to_promote_another(alice: Visitor) -> None:
    found(alice, "Alone")
    shown = alice.shown(BLOCKERS)
    assert "New owner" not in shown
    assert "Make" not in shown
    assert "Hand over" not in shown


def test_an_organization_of_others_cannot_be_handed_over(
    alice: Visitor, bob: Visitor, charlie: Visitor
) -> None:
    bobs = found(bob, "Bobs")
    admit(bobs, charlie)
    admit(bobs, alice)
    for only in ({}, {"only": str(bobs)}, {"only": "nothing"}):
        alice.post(DOOR, **{str(bobs): str(charlie.account_id)}, **only)
        alice.post(DOOR, **{str(bobs): str(alice.account_id)}, **only)
    assert role_of(bobs, charlie) == role_of(bobs, alice) == "member"


def test_a_co_owner_has_nothing_to_hand_over(alice: Visitor, bob: Visitor) -> None:
    school = found(alice, "School")
    admit(school, bob, Role.OWNER)
    assert "Nothing is in the way" in alice.shown(BLOCKERS)
    assert alice.get(DOOR)["Location"] == BLOCKERS


def test_nobody_reads_who_is_in_an_organization_of_others(alice: Visitor, bob: Visitor) -> None:
    bobs = found(bob, "Bobs")
    admit(bobs, enter("charlie"))
    assert others_in(organization_ids=[bobs], account_id=alice.account_id) == {}
    assert len(others_in(organization_ids=[bobs], account_id=bob.account_id)[bobs]) == 1
