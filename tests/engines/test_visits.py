"""When is asked again, and what happens without an answer (Rule D7, Note [Asked again and again])."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from uuid import UUID

import pytest

from adieu.clusters.doors import Caller, DoorShut
from adieu.clusters.engines.process.visits import NOT_ASKED, Times, Visits
from tests.support.clusters import wait_until

LOOK_EVERY = 0.05
ALICE = Caller(UUID(int=1))


class Context:
    """What gRPC gives for a call."""

    def __init__(self) -> None:
        self.is_cut = False

    def cancel(self) -> bool:
        self.is_cut = True
        return True

    def is_active(self) -> bool:
        return not self.is_cut


class House:
    """A door, its guests and its clock."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.may = {"alice", "bob"}
        self.asked: list[str] = []
        self.answers = threading.Event()
        self.answers.set()
        self.rests = 0
        self.visits = Visits(self._who, rest=self._rest, times=Times(patience=0.2), now=lambda: self.now)

    def pass_time(self, seconds: float) -> None:
        """Look every now and then for so many seconds, and wait for the answers that are asked for."""
        for _ in range(round(seconds / LOOK_EVERY)):
            self.now += LOOK_EVERY
            self.look()

    def look(self) -> None:
        self.visits.look()
        if self.answers.is_set():
            wait_until(self.visits.is_quiet)

    def _who(self, token: str) -> Caller:
        self.asked.append(token)
        self.answers.wait()
        if token not in self.may:
            raise DoorShut("no")
        return ALICE

    def _rest(self) -> None:
        self.rests += 1


@pytest.fixture
def house() -> Iterator[House]:
    house = House()
    yield house
    house.answers.set()
    house.visits.end()


@pytest.fixture
def inside() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def test_an_answer_counts_for_a_moment(house: House) -> None:
    for _ in range(5):
        with house.visits.visit("alice", Context()):
            house.now += 0.05
    assert house.asked == ["alice"]
    house.now += 0.3
    with house.visits.visit("alice", Context()):
        pass
    assert house.asked == ["alice"] * 2


def test_a_refusal_counts_for_no_moment(house: House) -> None:
    house.may = set()
    for _ in range(2):
        with pytest.raises(DoorShut, match="no"), house.visits.visit("alice", Context()):
            pass
    house.may = {"alice"}
    with house.visits.visit("alice", Context()):
        assert house.asked == ["alice"] * 3


def test_whoever_is_inside_is_asked_about_again_and_cut_when_they_may_not_stay(
    house: House, inside: ExitStack
) -> None:
    alice, bob = Context(), Context()
    inside.enter_context(house.visits.visit("alice", alice))
    inside.enter_context(house.visits.visit("bob", bob))
    house.pass_time(0.4)
    assert house.asked == ["alice", "bob"] * 2
    assert not alice.is_cut
    house.may = {"bob"}
    house.pass_time(0.3)
    assert alice.is_cut
    assert not bob.is_cut
    with pytest.raises(DoorShut), house.visits.visit("alice", Context()):
        pass


def test_a_busy_client_never_waits_for_the_answer(house: House) -> None:
    for _ in range(20):
        with house.visits.visit("alice", Context()):
            house.pass_time(0.1)
        asked = len(house.asked)
        with house.visits.visit("alice", Context()):
            assert len(house.asked) == asked


def test_whoever_left_is_asked_about_no_more(house: House) -> None:
    with house.visits.visit("alice", Context()):
        pass
    house.pass_time(1.2)
    asked = len(house.asked)
    house.pass_time(2)
    assert len(house.asked) == asked


def test_no_answer_ends_open_calls_before_a_second_is_over(house: House, inside: ExitStack) -> None:
    alice = Context()
    inside.enter_context(house.visits.visit("alice", alice))
    house.answers.clear()
    house.pass_time(0.3)
    assert not alice.is_cut
    house.pass_time(0.5)
    assert alice.is_cut
    with pytest.raises(DoorShut) as refused, house.visits.visit("bob", Context()):
        pass
    assert refused.value.reason == NOT_ASKED


def test_a_process_that_was_held_up_asks_before_it_cuts(house: House, inside: ExitStack) -> None:
    alice, bob = Context(), Context()
    inside.enter_context(house.visits.visit("alice", alice))
    inside.enter_context(house.visits.visit("bob", bob))
    house.may = {"alice"}
    house.now += 5
    house.look()
    assert not alice.is_cut
    assert bob.is_cut


def test_a_message_that_does_not_come_is_cut_and_one_that_came_is_not(
    house: House, inside: ExitStack
) -> None:
    slow, working = Context(), Context()
    inside.enter_context(house.visits.visit("alice", slow))
    inside.enter_context(house.visits.visit("alice", working)).has_message = True
    house.pass_time(61)
    assert slow.is_cut
    assert not working.is_cut


def test_the_connection_is_given_back_once_nobody_was_there_for_a_while(house: House) -> None:
    for _ in range(2):
        with house.visits.visit("alice", Context()):
            house.pass_time(10)
            assert house.rests == 0
    house.pass_time(10)
    wait_until(lambda: house.rests > 0)
    with house.visits.visit("bob", Context()):
        # Whoever asks waits until the one thread has done all before it.
        assert house.rests == 1
