"""Inviting people, and what becomes of it (Rules O3, A3)."""

from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import pytest
from django.core import mail
from django.core.mail import mailers

from adieu.activities.models import Activity
from adieu.core.canonical import NotAnAddress
from adieu.kit.limits import LimitReached
from adieu.notices.delivery import deliver_due
from adieu.notices.models import Notice
from adieu.tenancy import endings, invitees, members, offers, projects
from adieu.tenancy.invitations import SentJustNow, accept, decline, invite, resend, revoke
from adieu.tenancy.models import (
    Invitation,
    InvitationState,
    OrganizationMembership,
    ProjectMembership,
    Role,
)
from adieu.tenancy.offers import InvitationEnded, InvitationNotFound, NotInvited
from adieu.tenancy.operations import create_organization, delete_organization, welcome
from adieu.tenancy.ownership import AlreadyMember, TooManyMembers
from adieu.tenancy.permissions import NotAllowed, OrganizationNotFound, ProjectNotFound
from adieu.tenancy.queries import organizations_of
from adieu.vault.models import InvitedAddress
from tests.support.people import join, leave
from tests.support.rooms import make_organization, make_project, put_into

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

ALICE = "alice@example.org"
BOB = "bob@example.org"
CHARLIE = "charlie@example.org"


@pytest.fixture
def alice(now: datetime) -> UUID:
    return join(ALICE, now, is_welcomed=False)


@pytest.fixture
def bob(now: datetime) -> UUID:
    return join(BOB, now, is_welcomed=False)


@pytest.fixture
def office(alice: UUID, now: datetime) -> UUID:
    return make_organization(alice, now)


def send(office: UUID, inviter: UUID, *addresses: str, now: datetime, **more: object) -> list[UUID]:
    offered = {"role": Role.MEMBER, **more}
    return invite(
        organization_id=office,
        account_id=inviter,
        addresses=addresses,
        now=now,
        **offered,  # type: ignore[arg-type]
    )


def link(invitation_id: UUID) -> str:
    return offers.token_of(invitation_id)


def state_of(invitation_id: UUID) -> str:
    return Invitation.objects.get(id=invitation_id).state


def is_member(office: UUID, account_id: UUID) -> bool:
    return OrganizationMembership.objects.filter(organization_id=office, account_id=account_id).exists()


def deliver(now: datetime) -> list[str]:
    deliver_due(now=now, mailer=mailers.default)
    return [message.to[0] for message in mail.outbox]


def test_bob_is_invited_by_mail_and_accepts(office: UUID, alice: UUID, now: datetime) -> None:
    [invitation] = send(office, alice, BOB, now=now)
    assert deliver(now) == [BOB]
    assert offers.link_of(invitation) in str(mail.outbox[0].body)
    assert ALICE not in str(mail.outbox[0].body), "the mail outlives whoever invites"

    bob = join(BOB, now)
    assert organizations_of(account_id=bob) == []
    assert accept(token=link(invitation), account_id=bob, now=now) == office
    assert [each.id for each in organizations_of(account_id=bob)] == [office]
    assert state_of(invitation) == InvitationState.ACCEPTED
    assert not InvitedAddress.objects.exists()
    assert list(Activity.objects.filter(actor_id=bob).values_list("kind", flat=True)) == [
        "invitation.accepted"
    ]
    # Who arrived by an invitation gets no organization of their own later (Rule A3).
    welcome(account_id=bob, now=now + timedelta(days=3))
    assert [each.id for each in organizations_of(account_id=bob)] == [office]


def test_who_declines_gets_an_organization_at_the_next_sign_in(
    office: UUID, alice: UUID, now: datetime
) -> None:
    [invitation] = send(office, alice, BOB, now=now)
    bob = join(BOB, now)
    decline(token=link(invitation), account_id=bob, now=now)
    assert state_of(invitation) == InvitationState.DECLINED
    welcome(account_id=bob, now=now)
    assert [each.name for each in organizations_of(account_id=bob)] == ["My organization"]


def test_the_main_database_never_holds_the_address(office: UUID, alice: UUID, now: datetime) -> None:
    [invitation] = send(office, alice, BOB, now=now)
    row = Invitation.objects.values().get(id=invitation)
    assert BOB not in str(row) + str(list(Notice.objects.values())) + str(list(Activity.objects.values()))
    assert InvitedAddress.objects.get().address == BOB


def test_an_invitation_can_bring_a_role_and_a_place_in_a_project(
    office: UUID, alice: UUID, bob: UUID, now: datetime
) -> None:
    project = make_project(office, alice, now)
    [invitation] = send(
        office, alice, BOB, now=now, role=Role.OWNER, project_id=project, project_role=Role.OWNER
    )
    accept(token=link(invitation), account_id=bob, now=now)
    place = ProjectMembership.objects.get(member__account_id=bob)
    assert (place.member.role, place.project_id, place.role) == ("owner", project, "owner")


# --- A link is no proof ---


def test_a_link_alone_lets_nobody_in(office: UUID, alice: UUID, bob: UUID, now: datetime) -> None:
    [invitation] = send(office, alice, CHARLIE, now=now)
    with pytest.raises(NotInvited):
        accept(token=link(invitation), account_id=bob, now=now)
    with pytest.raises(NotInvited):
        decline(token=link(invitation), account_id=bob, now=now)
    assert state_of(invitation) == InvitationState.PENDING
    assert not is_member(office, bob)


def test_the_spelling_of_the_mailbox_does_not_matter(office: UUID, alice: UUID, now: datetime) -> None:
    [invitation] = send(office, alice, " Bob@EXAMPLE.org ", now=now)
    bob = join(BOB, now)
    assert accept(token=link(invitation), account_id=bob, now=now) == office


@pytest.mark.parametrize("token", ["", "x", "é" * 46, "A" * 46, "!" * 46, "A" * 45 + "=", "A" * 10_000])
def test_a_guessed_link_leads_nowhere(bob: UUID, now: datetime, token: str) -> None:
    with pytest.raises(InvitationNotFound):
        accept(token=token, account_id=bob, now=now)


def test_a_changed_link_leads_nowhere(office: UUID, alice: UUID, bob: UUID, now: datetime) -> None:
    [invitation] = send(office, alice, BOB, now=now)
    good = link(invitation)
    for changed in (good[:-1] + ("A" if good[-1] != "A" else "B"), good.swapcase(), good[1:] + good[0]):
        with pytest.raises(InvitationNotFound):
            accept(token=changed, account_id=bob, now=now)
    assert not is_member(office, bob)


def test_a_link_works_once(office: UUID, alice: UUID, bob: UUID, now: datetime) -> None:
    [invitation] = send(office, alice, BOB, now=now)
    accept(token=link(invitation), account_id=bob, now=now)
    members.remove_member(organization_id=office, account_id=alice, member_id=bob, now=now)
    with pytest.raises(InvitationEnded):
        accept(token=link(invitation), account_id=bob, now=now)
    assert not is_member(office, bob)


def test_a_link_works_for_48_hours(office: UUID, alice: UUID, bob: UUID, now: datetime) -> None:
    [invitation] = send(office, alice, BOB, now=now)
    with pytest.raises(InvitationEnded):
        accept(token=link(invitation), account_id=bob, now=now + timedelta(hours=48))
    assert not is_member(office, bob)
    late = now + timedelta(hours=47, minutes=59)
    assert accept(token=link(invitation), account_id=bob, now=late) == office


def test_what_ran_out_goes_with_its_address(office: UUID, alice: UUID, now: datetime) -> None:
    [invitation] = send(office, alice, BOB, now=now)
    endings.sweep(now=now + timedelta(hours=47))
    assert InvitedAddress.objects.exists()
    endings.sweep(now=now + timedelta(hours=48))
    assert state_of(invitation) == InvitationState.EXPIRED
    assert Invitation.objects.get().address_key == ""
    assert not InvitedAddress.objects.exists()
    endings.sweep(now=now + timedelta(days=10))
    assert not Invitation.objects.exists()


def test_an_address_whose_invitation_never_came_goes_after_a_while(
    office: UUID, alice: UUID, now: datetime
) -> None:
    send(office, alice, BOB, now=now)
    Invitation.objects.all().delete()
    endings.sweep(now=now + timedelta(seconds=5))
    assert InvitedAddress.objects.exists()
    endings.sweep(now=now + timedelta(hours=2))
    assert not InvitedAddress.objects.exists()


# --- Many addresses, and bad ones ---


def test_many_are_invited_at_once(office: UUID, alice: UUID, now: datetime) -> None:
    addresses = [f"guest{number}@example.org" for number in range(100)]
    assert len(send(office, alice, *addresses, *[], now=now)) == 100
    assert Invitation.objects.count() == InvitedAddress.objects.count() == 100
    with pytest.raises(invitees.TooManyInvitations):
        send(office, alice, BOB, now=now)


def test_one_mailbox_is_invited_once(office: UUID, alice: UUID, now: datetime) -> None:
    assert len(send(office, alice, BOB, "BOB@example.org", f" {BOB}", now=now)) == 1


@pytest.mark.parametrize(("count", "refusal"), [(0, "NoAddresses"), (101, "TooManyAddresses")])
def test_none_and_too_many_are_refused(
    office: UUID, alice: UUID, now: datetime, count: int, refusal: str
) -> None:
    with pytest.raises(getattr(invitees, refusal)):
        send(office, alice, *[f"guest{number}@example.org" for number in range(count)], now=now)
    assert not Invitation.objects.exists()
    assert not InvitedAddress.objects.exists()


def test_ten_thousand_addresses_are_refused_before_any_is_looked_at(
    office: UUID, alice: UUID, now: datetime
) -> None:
    with pytest.raises(invitees.TooManyAddresses):
        send(office, alice, *["not an address"] * 10_000, now=now)
    assert not Invitation.objects.exists()


HOSTILE = [
    "",
    "bob",
    "bob@",
    "a@b@c",
    "bob@example.org\r\nBcc: charlie@example.org",
    "bob\0@example.org",
    "Bob <bob@example.org>",
    "b\u202eob@example.org",
    f"{'b' * 65}@example.org",
    f"bob@{'e' * 300}.org",
    f"{'0' * 64}@sealed.invalid",
    "bob@127.0.0.1",
]


@pytest.mark.parametrize("address", HOSTILE)
def test_of_a_hostile_address_nothing_is_stored(
    office: UUID, alice: UUID, now: datetime, address: str
) -> None:
    with pytest.raises(invitees.AddressesNotFit) as refused:
        send(office, alice, BOB, address, now=now)
    [misfit] = refused.value.misfits
    assert misfit.number == 2
    assert isinstance(misfit.reason, NotAnAddress)
    assert not Invitation.objects.exists()
    assert not InvitedAddress.objects.exists()
    assert not Notice.objects.exists()


def test_it_is_told_of_each_address_what_is_wrong_with_it(
    office: UUID, alice: UUID, bob: UUID, now: datetime
) -> None:
    put_into(office, bob, now)
    send(office, alice, CHARLIE, now=now)
    with pytest.raises(invitees.AddressesNotFit) as refused:
        send(office, alice, "dora@example.org", BOB, CHARLIE, now=now)
    reasons = [(misfit.number, type(misfit.reason)) for misfit in refused.value.misfits]
    assert reasons == [(2, AlreadyMember), (3, invitees.AlreadyInvited)]
    assert Invitation.objects.count() == 1


def test_who_was_invited_long_ago_can_be_invited_again(office: UUID, alice: UUID, now: datetime) -> None:
    send(office, alice, BOB, now=now)
    later = now + timedelta(hours=49)
    [again] = send(office, alice, BOB, now=later)
    assert list(Invitation.objects.filter(state="pending").values_list("id", flat=True)) == [again]


# --- Who may invite ---


def test_a_member_invites_members_only(office: UUID, alice: UUID, bob: UUID, now: datetime) -> None:
    put_into(office, bob, now)
    with pytest.raises(NotAllowed):
        send(office, bob, CHARLIE, now=now, role=Role.OWNER)
    assert not Invitation.objects.exists()
    assert len(send(office, bob, CHARLIE, now=now)) == 1


def test_a_stranger_invites_nobody_and_learns_nothing(office: UUID, bob: UUID, now: datetime) -> None:
    with pytest.raises(OrganizationNotFound):
        send(office, bob, CHARLIE, now=now)
    with pytest.raises(OrganizationNotFound):
        send(office, bob, "not an address", now=now)
    assert not Invitation.objects.exists()


def test_a_member_cannot_invite_to_a_project_of_others(
    office: UUID, alice: UUID, bob: UUID, now: datetime
) -> None:
    project = make_project(office, alice, now)
    put_into(office, bob, now)
    with pytest.raises(ProjectNotFound):
        send(office, bob, CHARLIE, now=now, project_id=project)
    assert not Invitation.objects.exists()


def test_a_project_of_another_organization_is_not_found(office: UUID, alice: UUID, now: datetime) -> None:
    elsewhere = make_organization(alice, now, name="Elsewhere")
    project = make_project(elsewhere, alice, now)
    with pytest.raises(ProjectNotFound):
        send(office, alice, CHARLIE, now=now, project_id=project)
    assert not Invitation.objects.exists()
    assert not InvitedAddress.objects.exists()


def test_a_demoted_owner_has_no_owners_to_give(office: UUID, alice: UUID, bob: UUID, now: datetime) -> None:
    put_into(office, bob, now, role=Role.OWNER)
    [invitation] = send(office, bob, CHARLIE, now=now, role=Role.OWNER)
    members.change_role(organization_id=office, account_id=alice, member_id=bob, role=Role.MEMBER, now=now)
    charlie = join(CHARLIE, now)
    with pytest.raises(InvitationEnded):
        accept(token=link(invitation), account_id=charlie, now=now)
    with pytest.raises(NotAllowed):
        resend(invitation_id=invitation, account_id=bob, now=now + timedelta(minutes=2))
    assert not is_member(office, charlie)


def test_members_see_and_settle_their_own_invitations(
    office: UUID, alice: UUID, bob: UUID, now: datetime
) -> None:
    put_into(office, bob, now)
    [of_alice] = send(office, alice, CHARLIE, now=now)
    [of_bob] = send(office, bob, "dora@example.org", now=now)
    seen = offers.described(offers.pending_in(organization_id=office, account_id=bob, now=now))
    assert [(each.id, each.email) for each in seen] == [(of_bob, "dora@example.org")]
    assert offers.pending_in(organization_id=office, account_id=alice, now=now).count() == 2
    with pytest.raises(NotAllowed):
        revoke(invitation_id=of_alice, account_id=bob, now=now)
    assert state_of(of_alice) == InvitationState.PENDING
    revoke(invitation_id=of_bob, account_id=bob, now=now)
    revoke(invitation_id=of_alice, account_id=alice, now=now)
    assert not InvitedAddress.objects.exists()


def test_strangers_find_no_invitation(office: UUID, alice: UUID, bob: UUID, now: datetime) -> None:
    [invitation] = send(office, alice, CHARLIE, now=now)
    for act in (revoke, resend):
        with pytest.raises(InvitationNotFound):
            act(invitation_id=invitation, account_id=bob, now=now + timedelta(minutes=2))
    with pytest.raises(OrganizationNotFound):
        offers.pending_in(organization_id=office, account_id=bob, now=now)
    assert state_of(invitation) == InvitationState.PENDING


# --- Sending again, taking back ---


def test_it_is_sent_again_after_a_minute_and_holds_for_another_48_hours(
    office: UUID, alice: UUID, bob: UUID, now: datetime
) -> None:
    [invitation] = send(office, alice, BOB, now=now)
    with pytest.raises(SentJustNow) as hasty:
        resend(invitation_id=invitation, account_id=alice, now=now + timedelta(seconds=59))
    assert hasty.value.retry_after == timedelta(seconds=1)
    later = now + timedelta(hours=47)
    resend(invitation_id=invitation, account_id=alice, now=later)
    assert Invitation.objects.get().expires_at == later + timedelta(hours=48)
    assert accept(token=link(invitation), account_id=bob, now=now + timedelta(hours=90)) == office


def test_nobodys_mailbox_is_filled(office: UUID, alice: UUID, now: datetime) -> None:
    [invitation] = send(office, alice, BOB, now=now)
    for minutes in range(2, 20, 2):
        resend(invitation_id=invitation, account_id=alice, now=now + timedelta(minutes=minutes))
    with pytest.raises(LimitReached):
        resend(invitation_id=invitation, account_id=alice, now=now + timedelta(minutes=30))
    revoke(invitation_id=invitation, account_id=alice, now=now)
    with pytest.raises(LimitReached):
        send(office, alice, BOB, now=now + timedelta(minutes=31))


def test_what_has_ended_stays_ended(office: UUID, alice: UUID, bob: UUID, now: datetime) -> None:
    [invitation] = send(office, alice, BOB, now=now)
    revoke(invitation_id=invitation, account_id=alice, now=now)
    later = now + timedelta(minutes=5)
    for act in (
        partial(accept, token=link(invitation), account_id=bob),
        partial(decline, token=link(invitation), account_id=bob),
        partial(revoke, invitation_id=invitation, account_id=alice),
        partial(resend, invitation_id=invitation, account_id=alice),
    ):
        with pytest.raises(InvitationEnded):
            act(now=later)
    assert state_of(invitation) == InvitationState.REVOKED
    assert deliver(later) == []


# --- Mail ---


def test_while_the_mail_server_is_down_it_waits_and_then_comes_once(
    office: UUID, alice: UUID, now: datetime
) -> None:
    [invitation] = send(office, alice, BOB, now=now)
    # Nothing was delivered when it is sent again.
    resend(invitation_id=invitation, account_id=alice, now=now + timedelta(minutes=2))
    assert deliver(now + timedelta(minutes=3)) == [BOB]
    assert deliver(now + timedelta(hours=1)) == [BOB]


def test_an_invitation_to_a_retired_address_looks_pending_and_sends_nothing(
    office: UUID, alice: UUID, bob: UUID, now: datetime
) -> None:
    leave(bob, BOB, now)
    [to_bob, to_charlie] = send(office, alice, BOB, CHARLIE, now=now)
    assert deliver(now) == [CHARLIE]
    looks = offers.described(offers.pending_in(organization_id=office, account_id=alice, now=now))
    assert {(each.id, each.email) for each in looks} == {(to_bob, BOB), (to_charlie, CHARLIE)}
    with pytest.raises(invitees.AddressesNotFit):
        send(office, alice, BOB, now=now)
    resend(invitation_id=to_bob, account_id=alice, now=now + timedelta(minutes=2))
    endings.sweep(now=now + timedelta(hours=49))
    assert state_of(to_bob) == InvitationState.EXPIRED


# --- Full, gone, member already ---


def test_a_member_cannot_accept_again(office: UUID, alice: UUID, bob: UUID, now: datetime) -> None:
    [invitation] = send(office, alice, BOB, now=now)
    put_into(office, bob, now)
    with pytest.raises(AlreadyMember):
        accept(token=link(invitation), account_id=bob, now=now)
    assert state_of(invitation) == InvitationState.PENDING


def test_a_full_organization_admits_nobody(
    office: UUID, alice: UUID, bob: UUID, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    [invitation] = send(office, alice, BOB, now=now)
    monkeypatch.setattr("adieu.tenancy.ownership.MOST_MEMBERS", 1)
    with pytest.raises(TooManyMembers):
        accept(token=link(invitation), account_id=bob, now=now)
    assert state_of(invitation) == InvitationState.PENDING
    assert not is_member(office, bob)


def test_when_the_inviter_leaves_their_invitations_end(
    office: UUID, alice: UUID, bob: UUID, now: datetime
) -> None:
    put_into(office, bob, now)
    [of_bob] = send(office, bob, CHARLIE, now=now)
    [of_alice] = send(office, alice, "dora@example.org", now=now)
    members.remove_member(organization_id=office, account_id=alice, member_id=bob, now=now)
    assert (state_of(of_bob), state_of(of_alice)) == (InvitationState.REVOKED, InvitationState.PENDING)
    assert [row.address for row in InvitedAddress.objects.all()] == ["dora@example.org"]


def test_with_the_organization_its_invitations_go(
    office: UUID, alice: UUID, bob: UUID, now: datetime
) -> None:
    [invitation] = send(office, alice, BOB, now=now)
    delete_organization(organization_id=office, account_id=alice, typed_name="Office", now=now)
    with pytest.raises(InvitationNotFound):
        accept(token=link(invitation), account_id=bob, now=now)
    assert not InvitedAddress.objects.exists()
    assert deliver(now) == []


def test_with_a_project_the_invitations_to_it_go(office: UUID, alice: UUID, bob: UUID, now: datetime) -> None:
    project = make_project(office, alice, now)
    [invitation] = send(office, alice, BOB, now=now, project_id=project)
    projects.delete_project(project_id=project, account_id=alice, typed_name="Atlas", now=now)
    with pytest.raises(InvitationNotFound):
        accept(token=link(invitation), account_id=bob, now=now)
    assert not InvitedAddress.objects.exists()


def test_an_account_is_told_what_it_is_invited_to(
    office: UUID, alice: UUID, bob: UUID, now: datetime
) -> None:
    send(office, alice, BOB, now=now)
    other = create_organization(account_id=alice, name="Lab", now=now)
    send(other, alice, CHARLIE, now=now)
    [offer] = offers.offers_to(account_id=bob, now=now)
    assert (offer.organization_name, offer.role, offer.inviter_name) == ("Office", "member", ALICE)
    assert offers.offers_to(account_id=bob, now=now + timedelta(hours=48)) == []
