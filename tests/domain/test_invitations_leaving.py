"""Invitations of people who leave for good (Rules D6, D8, O3)."""

from datetime import datetime
from uuid import UUID

import pytest
from django.core import mail

from adieu.deletion.models import ErasureStep
from adieu.notices.models import Notice
from adieu.tenancy import offers
from adieu.tenancy.invitations import accept, invite
from adieu.tenancy.keeper import TenancyKeeper
from adieu.tenancy.models import Invitation, Role
from adieu.tenancy.notices import INVITATIONS_ENDED
from adieu.tenancy.offers import InvitationEnded
from adieu.vault.models import InvitedAddress
from tests.support.people import join, leave, work
from tests.support.rooms import make_organization, put_into

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
def office(alice: UUID, bob: UUID, now: datetime) -> UUID:
    """Where both belong to; Alice owns it."""
    office = make_organization(alice, now)
    put_into(office, bob, now)
    return office


def send(office: UUID, inviter: UUID, now: datetime, *addresses: str) -> list[UUID]:
    return invite(organization_id=office, account_id=inviter, addresses=addresses, role=Role.MEMBER, now=now)


def told() -> list[str]:
    return [str(message.body) for message in mail.outbox if message.subject.startswith("Invitations to")]


def test_what_somebody_sent_ends_with_them_and_owners_are_told_how_many(
    office: UUID, alice: UUID, bob: UUID, now: datetime
) -> None:
    sent = send(office, bob, now, CHARLIE, "dora@example.org")
    [kept] = send(office, alice, now, "emil@example.org")
    leave(bob, BOB, now)
    charlie = join(CHARLIE, now)
    with pytest.raises(InvitationEnded):
        accept(token=offers.token_of(sent[0]), account_id=charlie, now=now)
    work(now)
    [letter] = told()
    assert "2 pending invitations" in letter
    assert BOB not in letter
    assert [row.invitation_id for row in InvitedAddress.objects.all()] == [kept]
    assert not Invitation.objects.filter(state="pending", inviter=None).exists()
    assert CHARLIE not in [message.to[0] for message in mail.outbox if "invited" in message.subject]


def test_what_was_sent_to_somebody_ends_with_them_and_nobody_is_told(
    office: UUID, alice: UUID, now: datetime
) -> None:
    charlie = join(CHARLIE, now, is_welcomed=False)
    [invitation] = send(office, alice, now, CHARLIE)
    leave(charlie, CHARLIE, now)
    assert Invitation.objects.get(id=invitation).state == "revoked"
    assert Invitation.objects.get(id=invitation).address_key == ""
    work(now)
    assert told() == []
    assert not InvitedAddress.objects.exists()


def test_a_step_that_runs_again_tells_nobody_twice(office: UUID, bob: UUID, now: datetime) -> None:
    send(office, bob, now, CHARLIE)
    leave(bob, BOB, now)
    work(now)
    ErasureStep.objects.filter(name="tell_owners").update(state="waiting", done_at=None, next_attempt_at=now)
    work(now)
    assert len(told()) == 1
    assert Notice.objects.filter(kind=INVITATIONS_ENDED).count() == 1


def test_who_sent_none_has_no_such_step(office: UUID, bob: UUID, now: datetime) -> None:
    leave(bob, BOB, now)
    assert not ErasureStep.objects.filter(keeper=TenancyKeeper.name).exists()
