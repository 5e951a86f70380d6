"""Two workers finish the two last steps of a deletion at once: it is completed, once (Rules D8, D9).

The checker in `tests/protocol` found this: each looked whether the other's step is done, neither saw what the
other had not committed, and nobody would ever look again.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from random import Random

import pytest

from adieu.deletion.farewell import ISSUE_RECEIPT
from adieu.deletion.models import DeletionRequest, ErasureStep, RequestState
from adieu.deletion.queue import Claimed, claim_step, finish_step
from tests.support.crowds import all_at_once
from tests.support.exploration import Exploration, explore
from tests.support.people import join, leave

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

ROUNDS = 5


def prepare(now: datetime, number: int) -> Sequence[Callable[[], object]]:
    """Let somebody leave, finish every step but two, and give the finishing of these."""
    address = f"alice{number}@example.org"
    leave(join(address, now), address, now)
    claimed: list[Claimed] = []
    while (step := claim_step(now=now)) is not None:
        claimed.append(step)
    for step in claimed[2:]:
        assert finish_step(step, now=now)
    return [partial(finish_step, step, now=now) for step in claimed[:2]]


@pytest.mark.only_on("postgresql")
def test_in_any_order_one_of_them_completes(now: datetime) -> None:
    plays = 0

    def make() -> Sequence[Callable[[], object]]:
        return prepare(now, plays)

    for played in explore(make, Exploration(most=20, random=Random(0))):
        plays += 1
        assert played.outcomes == (True, True), played.script()
        states = DeletionRequest.objects.values_list("state", flat=True)
        assert set(states) == {RequestState.COMPLETED}, played.script()
        assert ErasureStep.objects.filter(name=ISSUE_RECEIPT).count() == plays
        claim_what_follows(now)
    assert plays > 1


def test_at_the_same_moment_one_of_them_completes(now: datetime) -> None:
    for number in range(1, ROUNDS + 1):
        assert all_at_once(*prepare(now, number)) == [True, True]
        assert DeletionRequest.objects.filter(state=RequestState.COMPLETED).count() == number
        claim_what_follows(now)


def claim_what_follows(now: datetime) -> None:
    """Take what completion declared out of the queue, so that the next round does not meet it."""
    while claim_step(now=now) is not None:
        pass
