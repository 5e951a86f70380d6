"""A lease lives as long as its worker, and what is in hand is given back (Rule D8)."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

import pytest
from django.db import OperationalError, connections

from adieu.core.keeping import LeaseLost, NotYet
from adieu.deletion.erasure import run_due_steps
from adieu.deletion.hands import BEAT, Hand
from adieu.deletion.models import ErasureStep, StepState
from adieu.deletion.queue import LEASE, Claimed, claim_step, fail_step, finish_step, give_back
from adieu.kit.crashing import installed
from tests.support.people import fail, join, leave, work

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

ALICE = "alice@example.org"
QUICK = timedelta(milliseconds=5)
TOO_LONG = 20


@pytest.fixture
def claimed(now: datetime) -> Claimed:
    leave(join(ALICE, now), ALICE, now)
    taken = claim_step(now=now)
    assert taken is not None
    ErasureStep.objects.exclude(id=taken.id).update(next_attempt_at=now + timedelta(days=1))
    return taken


class Clock:
    """Tells a later time at each beat, and when it has been asked often enough."""

    def __init__(self, start: datetime, *, beats: int) -> None:
        self._now, self._left, self.has_beaten = start, beats, threading.Event()

    def __call__(self) -> datetime:
        self._now += BEAT
        self._left -= 1
        if self._left < 0:
            self.has_beaten.set()
        return self._now


def lease_of(claimed: Claimed) -> datetime | None:
    return ErasureStep.objects.get(id=claimed.id).leased_until_at


def test_a_worker_that_lives_keeps_its_lease(claimed: Claimed, now: datetime) -> None:
    clock = Clock(now, beats=5)
    with Hand(beat=QUICK).holding(claimed, now=clock):
        assert clock.has_beaten.wait(TOO_LONG)
        # Later than the first lease, and still nobody else's.
        assert claim_step(now=now + LEASE) is None
    renewed = lease_of(claimed)
    assert renewed is not None
    assert renewed >= now + 5 * BEAT + LEASE


def test_the_heart_stops_with_the_work(claimed: Claimed, now: datetime) -> None:
    before = threading.active_count()
    with Hand(beat=QUICK).holding(claimed, now=lambda: now):
        assert threading.active_count() == before + 1
    assert threading.active_count() == before
    assert claim_step(now=now + LEASE) is not None


def test_the_heart_of_who_lost_the_lease_stops_and_lengthens_nothing(claimed: Claimed, now: datetime) -> None:
    other = claim_step(now=now + LEASE)
    assert other is not None
    asked = threading.Event()

    def late() -> datetime:
        asked.set()
        return now + timedelta(days=1)

    before = set(threading.enumerate())
    with Hand(beat=QUICK).holding(claimed, now=late):
        assert asked.wait(TOO_LONG)
        for heart in set(threading.enumerate()) - before:
            heart.join(TOO_LONG)
            assert not heart.is_alive()
    assert lease_of(other) == now + 2 * LEASE


def test_a_beat_that_the_database_misses_is_made_up_for(claimed: Claimed, now: datetime) -> None:
    clock = Clock(now, beats=3)
    beats = iter([ConnectionError(), ConnectionError()])

    def stumble() -> datetime:
        if error := next(beats, None):
            raise error
        return clock()

    with Hand(beat=QUICK).holding(claimed, now=stumble):
        assert clock.has_beaten.wait(TOO_LONG)
    assert lease_of(claimed) != now + LEASE


def test_what_is_in_hand_can_be_given_back_by_another_thread(claimed: Claimed, now: datetime) -> None:
    hand = Hand()
    assert hand.give_back(now=now) is False
    with hand.holding(claimed, now=lambda: now):
        assert in_a_thread(lambda: hand.give_back(now=now)) == [True]
    row = ErasureStep.objects.get(id=claimed.id)
    assert (row.state, row.failures, row.last_error) == (StepState.WAITING, 0, "")
    again = claim_step(now=now)
    assert again is not None
    assert (again.id, again.epoch) == (claimed.id, claimed.epoch + 1)


def test_who_gave_it_back_can_change_nothing(claimed: Claimed, now: datetime) -> None:
    """Its epoch is still the newest until somebody claims the step."""
    assert give_back(claimed, now=now)
    assert finish_step(claimed, now=now) is False
    fail_step(claimed, ValueError(), now=now, random=0.0)
    with pytest.raises(LeaseLost), claimed.step.hold():
        pytest.fail("it has the step still")
    row = ErasureStep.objects.get(id=claimed.id)
    assert (row.state, row.failures) == (StepState.WAITING, 0)


def test_what_could_not_be_settled_is_done_at_the_next_look(claimed: Claimed, now: datetime) -> None:
    """The database goes away between a step's effect and its end; nobody waits for the end of the lease."""
    give_back(claimed, now=now)
    hand = Hand()
    look = partial(run_due_steps, now=lambda: now, random=lambda: 0.0, report=fail, hand=hand)

    def lose(point: str) -> None:
        if point == "step.settled":
            raise OperationalError

    with installed(lose), pytest.raises(OperationalError):
        look()
    assert ErasureStep.objects.get(id=claimed.id).state == StepState.RUNNING
    assert look() == 1


def in_a_thread(act: Callable[[], object]) -> list[object]:
    said: list[object] = []

    def run() -> None:
        said.append(act())
        connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(TOO_LONG)
    return said


def test_a_worker_that_is_told_to_end_finishes_what_it_has_and_begins_nothing(now: datetime) -> None:
    leave(join(ALICE, now), ALICE, now)
    told: list[str] = []

    def tell(point: str) -> None:
        if point.startswith("step.claimed."):
            told.append(point)

    with installed(tell):
        done = run_due_steps(now=lambda: now, random=lambda: 0.0, report=fail, may_go_on=lambda: not told)
    states = sorted(ErasureStep.objects.values_list("state", flat=True))
    assert (done, len(told), states.count(StepState.RUNNING)) == (1, 1, 0)
    assert states.count(StepState.DONE) == 1
    work(now)
    assert set(ErasureStep.objects.values_list("state", flat=True)) == {StepState.DONE}


def test_a_round_ends_though_what_waits_comes_due_again_meanwhile(now: datetime) -> None:
    """Else a reader of the vault, or many that wait for their mail, would keep the worker from all mails."""
    leave(join(ALICE, now), ALICE, now)
    moments = iter(range(100))

    def slowly() -> datetime:
        return now + timedelta(seconds=next(moments))

    def wait(point: str) -> None:
        if point.startswith("step.claimed."):
            raise NotYet

    with installed(wait):
        assert run_due_steps(now=slowly, random=lambda: 0.0, report=fail) == 0
    assert 0 < ErasureStep.objects.filter(attempts__gt=0).count() < ErasureStep.objects.count()
    assert not ErasureStep.objects.filter(attempts__gt=1).exists()
    work(now + timedelta(minutes=1))
    assert not ErasureStep.objects.exclude(state=StepState.DONE).exists()
