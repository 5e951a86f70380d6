"""What happens at the same time as an operator deletes an account is decided by the database (Rule D12)."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

import pytest

from adieu.accounts.models import Account
from adieu.activities.kinds import OperatorReason
from adieu.activities.models import OperatorAct
from adieu.core.keeping import Override
from adieu.deletion import requests
from adieu.deletion.intents import ConfirmationUnderWay
from adieu.deletion.models import Consent, DeletionRequest, RequestState
from adieu.deletion.on_request import NotTheirAddress, Order, delete_on_request
from adieu.deletion.verification import NoCodeSent
from adieu.tenancy.models import Organization, OrganizationMembership, Role
from adieu.tenancy.operations import create_organization
from adieu.tenancy.ownership import AccountNotFound
from tests.support.crowds import all_at_once
from tests.support.people import ask_to_leave, confirm, join
from tests.support.rooms import make_organization, put_into

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

ALICE, BOB, CHARLIE = "alice@example.org", "bob@example.org", "charlie@example.org"
ASKED = OperatorReason.ASKED
REFUSED = {ConfirmationUnderWay, NotTheirAddress, requests.NoOpenRequest, NoCodeSent}


def order(account_id: UUID, address: str = ALICE, *, override: Override | None = None) -> Order:
    return Order(account_id, address, ASKED, override=override)


def kinds(outcomes: Sequence[object]) -> Counter[type]:
    return Counter(type(outcome) for outcome in outcomes)


def test_of_ten_operators_at_once_one_deletes(now: datetime) -> None:
    alice = join(ALICE, now, is_welcomed=False)
    outcomes = kinds(all_at_once(*[partial(delete_on_request, order(alice), now=now)] * 10))
    assert outcomes[UUID] == 1
    assert outcomes[ConfirmationUnderWay] + outcomes[NotTheirAddress] == 9
    assert DeletionRequest.objects.get().state == RequestState.ERASING
    assert OperatorAct.objects.count() == 1


@pytest.mark.parametrize("attempt", range(5))
def test_of_the_person_and_an_operator_one_deletes(now: datetime, attempt: int) -> None:
    """Whose it was is said once: either the person has ticked the boxes, or the operator is recorded."""
    alice = join(ALICE, now, is_welcomed=False)
    code = ask_to_leave(alice, ALICE, now)
    mine, theirs = partial(confirm, alice, code, now), partial(delete_on_request, order(alice), now=now)
    outcomes = all_at_once(mine, theirs, mine, theirs)
    assert kinds(outcomes)[UUID] == 1, outcomes
    assert set(kinds(outcomes)) - {UUID} <= REFUSED, outcomes
    request = DeletionRequest.objects.get()
    assert request.state == RequestState.ERASING
    assert OperatorAct.objects.exists() == request.is_by_operator
    assert Consent.objects.exists() != request.is_by_operator


@pytest.mark.parametrize("attempt", range(5))
def test_of_keeping_and_deleting_one_happens(now: datetime, attempt: int) -> None:
    alice = join(ALICE, now, is_welcomed=False)
    ask_to_leave(alice, ALICE, now)
    kept, deleted = all_at_once(
        partial(requests.cancel, account_id=alice, now=now),
        partial(delete_on_request, order(alice), now=now),
    )
    is_gone = isinstance(deleted, UUID)
    assert Account.objects.filter(id=alice).exists() != is_gone
    assert OperatorAct.objects.exists() == is_gone
    assert kept is None or isinstance(kept, requests.NoOpenRequest)
    assert is_gone or (isinstance(deleted, ConfirmationUnderWay) and not DeletionRequest.objects.exists())


@pytest.mark.parametrize("attempt", range(5))
def test_what_is_founded_at_the_same_time_has_an_owner_or_is_not_there(now: datetime, attempt: int) -> None:
    alice, bob = join(ALICE, now, is_welcomed=False), join(BOB, now, is_welcomed=False)
    put_into(make_organization(alice, now), bob, now)
    override = Override(ASKED, None, bob)
    all_at_once(
        partial(delete_on_request, order(alice, override=override), now=now),
        partial(create_organization, account_id=alice, name="Late", now=now),
    )
    everybody_owns = Organization.objects.filter(memberships__role=Role.OWNER).distinct().count()
    assert everybody_owns == Organization.objects.count()
    assert Account.objects.filter(id=bob).exists()


@pytest.mark.parametrize("attempt", range(5))
def test_two_who_are_each_others_heirs_do_not_wait_in_a_circle(now: datetime, attempt: int) -> None:
    people = {ALICE: join(ALICE, now, is_welcomed=False), BOB: join(BOB, now, is_welcomed=False)}
    for account_id in people.values():
        make_organization(account_id, now)
    alice, bob = people.values()
    outcomes = all_at_once(
        partial(delete_on_request, order(alice, ALICE, override=Override(ASKED, None, bob)), now=now),
        partial(delete_on_request, order(bob, BOB, override=Override(ASKED, None, alice)), now=now),
    )
    # Whoever comes second finds that the heir is gone.
    assert kinds(outcomes) == {UUID: 1, AccountNotFound: 1}
    [left] = Account.objects.values_list("id", flat=True)
    owners = OrganizationMembership.objects.filter(role=Role.OWNER)
    assert [owner.account_id for owner in owners] == [left, left]


@pytest.mark.parametrize("attempt", range(5))
def test_an_heir_who_leaves_at_the_same_time_owns_it_or_is_gone(now: datetime, attempt: int) -> None:
    """Charlie goes by himself. Either he is gone before, or what he has got keeps him here."""
    alice, charlie = join(ALICE, now, is_welcomed=False), join(CHARLIE, now, is_welcomed=False)
    make_organization(alice, now)
    code = ask_to_leave(charlie, CHARLIE, now)
    deleted, left = all_at_once(
        partial(delete_on_request, order(alice, override=Override(ASKED, None, charlie)), now=now),
        partial(confirm, charlie, code, now),
    )
    assert isinstance(deleted, UUID) != isinstance(left, UUID), (deleted, left)
    assert Organization.objects.get().owner_count == 1
    assert Account.objects.count() == 1
