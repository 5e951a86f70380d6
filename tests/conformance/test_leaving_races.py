"""What happens at the same time as a deletion is decided by the database, on SQLite and on PostgreSQL."""

from collections import Counter
from datetime import datetime
from functools import partial
from uuid import UUID

import pytest
from allauth.account.models import EmailAddress

from adieu.accounts.models import Account
from adieu.accounts.operations import register
from adieu.deletion import requests, verification
from adieu.deletion.intents import ConfirmationUnderWay
from adieu.deletion.models import DeletionRequest, ErasureStep, RequestState, Verification
from adieu.identities.models import IdentityClaim
from adieu.identities.operations import IdentityRetired, IdentityTaken
from adieu.tenancy.models import Organization, OrganizationMembership
from adieu.tenancy.operations import create_organization, welcome
from adieu.tenancy.queries import organizations_of
from tests.support.crowds import all_at_once
from tests.support.people import PASSWORD, ask_to_leave, confirm, join, settle

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

ALICE = "alice@example.org"
BOB = "bob@example.org"


def test_twenty_confirmations_at_once_are_one_deletion_and_nineteen_refusals(now: datetime) -> None:
    alice = join(ALICE, now, is_welcomed=False)
    code = ask_to_leave(alice, ALICE, now)
    outcomes = all_at_once(*[partial(confirm, alice, code, now)] * 20)
    kinds = Counter(type(outcome) for outcome in outcomes)
    assert kinds[UUID] == 1
    assert kinds[requests.NoOpenRequest] + kinds[ConfirmationUnderWay] == 19
    assert DeletionRequest.objects.get().state == RequestState.ERASING
    names = list(ErasureStep.objects.values_list("keeper", "name"))
    assert len(names) == len(set(names))


def test_twenty_wrong_codes_at_once_are_five_tries(now: datetime) -> None:
    alice = join(ALICE, now, is_welcomed=False)
    ask_to_leave(alice, ALICE, now)
    outcomes = all_at_once(*[partial(confirm, alice, "00000000", now)] * 20)
    kinds = Counter(type(outcome) for outcome in outcomes)
    assert kinds == {verification.WrongCode: 4, verification.RequestEnded: 1, requests.NoOpenRequest: 15}
    assert Account.objects.filter(id=alice).exists()


def test_two_tabs_open_one_request(now: datetime) -> None:
    alice = join(ALICE, now, is_welcomed=False)
    open_it = partial(requests.open_request, account_id=alice, reason="privacy", comment="", now=now)
    outcomes = all_at_once(*[open_it] * 8)
    assert set(outcomes) == {DeletionRequest.objects.get()}


def test_two_tabs_send_one_code(now: datetime) -> None:
    alice = join(ALICE, now, is_welcomed=False)
    requests.open_request(account_id=alice, reason="privacy", comment="", now=now)
    send = partial(
        verification.send_code,
        account_id=alice,
        address=ALICE,
        session_digest="5" * 64,
        network_address="192.0.2.7",
        now=now,
    )
    outcomes = all_at_once(*[send] * 4)
    assert Counter(type(outcome) for outcome in outcomes) == {
        Verification: 1,
        verification.ResendTooSoon: 3,
    }


def verify(account_id: UUID) -> None:
    """What entering the code of a sign-up does."""
    row = EmailAddress.objects.get(user_id=account_id)
    row.verified = True
    row.save()


@pytest.mark.parametrize("attempt", range(5))
def test_a_sign_up_that_waits_for_the_deletion_does_not_win(now: datetime, attempt: int) -> None:
    """Rule C2: the waiting sign-up meets the retired row of the same unique index."""
    address = f"alice{attempt}@example.org"
    alice = join(address, now, is_welcomed=False)
    code = ask_to_leave(alice, address, now)
    second = register(address=address, password=PASSWORD, now=now).pk
    left, came = all_at_once(partial(confirm, alice, code, now), partial(verify, second))
    assert isinstance(left, UUID)
    assert isinstance(came, IdentityRetired | IdentityTaken)
    claim = IdentityClaim.objects.get()
    assert (claim.account_id, claim.retired_at) == (None, now)
    assert not EmailAddress.objects.filter(verified=True).exists()


@pytest.mark.parametrize("attempt", range(5))
def test_two_owners_who_leave_at_once_leave_an_owner(now: datetime, attempt: int) -> None:
    alice, bob = join(ALICE, now, is_welcomed=False), join(BOB, now)
    shared = organizations_of(account_id=bob)[0]
    OrganizationMembership.objects.create(
        organization_id=shared.id, account_id=alice, role="owner", joined_at=now
    )
    codes = ask_to_leave(alice, ALICE, now), ask_to_leave(bob, BOB, now)
    outcomes = all_at_once(partial(confirm, alice, codes[0], now), partial(confirm, bob, codes[1], now))
    assert Counter(type(outcome) for outcome in outcomes) == {UUID: 1, requests.DeletionBlocked: 1}, attempt
    assert Organization.objects.get().owner_count == OrganizationMembership.objects.count() == 1


@pytest.mark.parametrize("attempt", range(5))
def test_an_organization_made_under_way_is_never_ownerless(now: datetime, attempt: int) -> None:
    alice = join(ALICE, now)
    settle(alice, now)
    code = ask_to_leave(alice, ALICE, now)
    left, _ = all_at_once(
        partial(confirm, alice, code, now),
        partial(create_organization, account_id=alice, name="Late", now=now),
    )
    is_gone = isinstance(left, UUID)
    assert is_gone != Account.objects.filter(id=alice).exists()
    assert Organization.objects.count() == (0 if is_gone else 1), attempt
    assert Organization.objects.count() == OrganizationMembership.objects.count()


def test_two_first_sign_ins_give_one_organization(now: datetime) -> None:
    alice = join(ALICE, now, is_welcomed=False)
    all_at_once(*[partial(welcome, account_id=alice, now=now)] * 6)
    assert Organization.objects.count() == 1
