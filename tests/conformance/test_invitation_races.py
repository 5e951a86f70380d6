"""What happens to an invitation at the same time is decided by its row, on both databases (Rule O3)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import pytest

from adieu.accounts.models import Account
from adieu.tenancy import endings, offers
from adieu.tenancy.invitations import accept, decline, invite, revoke
from adieu.tenancy.invitees import AddressesNotFit
from adieu.tenancy.members import remove_member
from adieu.tenancy.models import Invitation, InvitationState, OrganizationMembership, Role
from adieu.tenancy.offers import InvitationEnded, NotInvited
from adieu.vault.models import InvitedAddress
from tests.support.crowds import all_at_once
from tests.support.people import ask_to_leave, confirm, join
from tests.support.rooms import make_organization, put_into

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

ALICE = "alice@example.org"
BOB = "bob@example.org"
CHARLIE = "charlie@example.org"
ATTEMPTS = range(5)


class Scene:
    """Alice owns an office and has invited Bob."""

    def __init__(self, now: datetime) -> None:
        self.alice = join(ALICE, now, is_welcomed=False)
        self.bob = join(BOB, now, is_welcomed=False)
        self.office = make_organization(self.alice, now)
        self.now = now
        self.invitation = self.invite(self.alice, BOB)

    def invite(self, inviter: UUID, address: str) -> UUID:
        [invitation] = invite(
            organization_id=self.office,
            account_id=inviter,
            addresses=[address],
            role=Role.MEMBER,
            now=self.now,
        )
        return invitation

    def accept(self) -> UUID:
        return accept(token=offers.token_of(self.invitation), account_id=self.bob, now=self.now)

    @property
    def state(self) -> str:
        return Invitation.objects.get(id=self.invitation).state

    @property
    def is_bob_in(self) -> bool:
        members = OrganizationMembership.objects.filter(organization_id=self.office)
        return members.filter(account_id=self.bob).exists()


@pytest.fixture
def scene(now: datetime) -> Scene:
    return Scene(now)


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_of_two_accepts_at_once_one_counts(scene: Scene, attempt: int) -> None:
    outcomes = all_at_once(*[scene.accept] * 4)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["InvitationEnded"] * 3 + ["UUID"], (
        attempt
    )
    assert scene.is_bob_in
    assert not InvitedAddress.objects.exists()


@pytest.mark.parametrize("attempt", ATTEMPTS)
@pytest.mark.parametrize("act", ["revoke", "decline", "expire"])
def test_accepted_or_ended_never_both(scene: Scene, act: str, attempt: int) -> None:
    acts: dict[str, Callable[[], object]] = {
        "revoke": partial(revoke, invitation_id=scene.invitation, account_id=scene.alice, now=scene.now),
        "decline": partial(
            decline, token=offers.token_of(scene.invitation), account_id=scene.bob, now=scene.now
        ),
        "expire": partial(endings.sweep, now=scene.now + timedelta(hours=49)),
    }
    accepted, ended = all_at_once(scene.accept, acts[act])
    is_accepted = isinstance(accepted, UUID)
    assert is_accepted or isinstance(accepted, InvitationEnded), (accepted, attempt)
    assert scene.is_bob_in == is_accepted == (scene.state == InvitationState.ACCEPTED)
    if act != "expire":
        assert isinstance(ended, InvitationEnded) == is_accepted, ended
    assert not InvitedAddress.objects.exists()


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_an_account_on_its_way_out_joins_before_or_not_at_all(scene: Scene, attempt: int) -> None:
    code = ask_to_leave(scene.bob, BOB, scene.now)
    accepted, left = all_at_once(scene.accept, partial(confirm, scene.bob, code, scene.now))
    assert isinstance(left, UUID), (left, attempt)
    assert isinstance(accepted, UUID | NotInvited | InvitationEnded), (accepted, attempt)
    assert not Account.objects.filter(id=scene.bob).exists()
    assert not scene.is_bob_in
    assert scene.state != InvitationState.PENDING


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_with_its_inviter_it_ends_or_was_accepted_before(scene: Scene, attempt: int) -> None:
    charlie = join(CHARLIE, scene.now, is_welcomed=False)
    put_into(scene.office, charlie, scene.now)
    revoke(invitation_id=scene.invitation, account_id=scene.alice, now=scene.now)
    scene.invitation = scene.invite(charlie, BOB)
    code = ask_to_leave(charlie, CHARLIE, scene.now)
    accepted, left = all_at_once(scene.accept, partial(confirm, charlie, code, scene.now))
    assert isinstance(left, UUID), (left, attempt)
    assert isinstance(accepted, UUID | InvitationEnded), (accepted, attempt)
    assert scene.is_bob_in == isinstance(accepted, UUID) == (scene.state == InvitationState.ACCEPTED)


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_who_is_being_removed_leaves_no_pending_invitation(scene: Scene, attempt: int) -> None:
    charlie = join(CHARLIE, scene.now, is_welcomed=False)
    put_into(scene.office, charlie, scene.now)
    remove = partial(
        remove_member,
        organization_id=scene.office,
        account_id=scene.alice,
        member_id=charlie,
        now=scene.now,
    )
    all_at_once(partial(scene.invite, charlie, "dora@example.org"), remove)
    pending = Invitation.objects.filter(state=InvitationState.PENDING)
    assert list(pending.values_list("id", flat=True)) == [scene.invitation], attempt


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_of_two_invitations_to_one_address_at_once_one_is_sent(scene: Scene, attempt: int) -> None:
    outcomes = all_at_once(*[partial(scene.invite, scene.alice, CHARLIE)] * 3)
    kinds = sorted(type(outcome).__name__ for outcome in outcomes)
    assert kinds == [AddressesNotFit.__name__] * 2 + ["UUID"], attempt
    assert Invitation.objects.filter(state=InvitationState.PENDING).count() == 2
