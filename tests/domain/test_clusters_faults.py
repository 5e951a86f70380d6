"""Clusters whose processes hang, whose port is taken, or that are many at once (Rules K1, K4)."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain, combinations
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import override_settings

from adieu.activities.models import Activity
from adieu.clusters import operations
from adieu.clusters.models import Cluster, Failure, State
from adieu.clusters.runner import MOST_ENDS, TIME_TO_ANSWER
from adieu.clusters.watches import LONGEST_TURN
from adieu.kit.setting_values import Ports
from tests.support.days import Day
from tests.support.fake_engine import PORT_TAKEN

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

LOOK = 5.0
LOOKS_A_MINUTE = 12


@pytest.fixture
def day(tmp_path: Path, now: datetime) -> Day:
    return Day(tmp_path, now)


def limited(**limits: Any) -> override_settings:
    return override_settings(ADIEU=replace(settings.ADIEU, **limits))


# --- One that hangs ---


def test_one_that_hangs_is_ended_after_a_minute_and_started_again(day: Day) -> None:
    day.running()
    day.engine.answers = False
    day.pass_time(LOOK, times=LOOKS_A_MINUTE - 1)
    assert (day.engine.is_up, day.engine.starts) == (True, 1)
    day.pass_time(LOOK, times=2)
    assert not day.engine.is_up
    day.pass_time(LOOK)
    assert (day.engine.is_up, day.engine.starts) == (True, 2)
    day.engine.answers = True
    day.pass_time(LOOK, times=LOOKS_A_MINUTE)
    assert (day.cluster.state, day.engine.starts) == (State.RUNNING, 2)


def test_one_that_hangs_again_and_again_has_failed_and_says_so(day: Day) -> None:
    day.running()
    day.engine.answers = False
    day.pass_time(LOOK, times=(LOOKS_A_MINUTE + 5) * MOST_ENDS)
    assert (day.cluster.state, day.cluster.failure) == (State.FAILED, Failure.TOO_SLOW)
    assert day.engine.starts == MOST_ENDS
    assert not day.engine.is_up


@pytest.mark.parametrize("gap", [timedelta(hours=8), -timedelta(hours=1)], ids=["it slept", "clock set back"])
def test_a_runner_that_was_held_up_blames_no_cluster(day: Day, gap: timedelta) -> None:
    # Note [Held up]
    day.running()
    day.engine.answers = False
    day.pass_time(gap.total_seconds())
    day.pass_time(LOOK, times=LOOKS_A_MINUTE - 1)
    assert (day.engine.is_up, day.engine.starts) == (True, 1)
    day.pass_time(LOOK, times=3)
    assert day.engine.starts == 2


def test_an_order_that_comes_while_one_that_hangs_is_ended_counts(day: Day) -> None:
    day.running()
    day.engine.answers = False
    while day.engine.starts < MOST_ENDS or day.engine.is_up:
        day.pass_time(LOOK)
    assert day.cluster.state == State.RUNNING
    day.delete()
    day.pass_time(LOOK, times=3)
    assert not Cluster.objects.exists()


# --- A port that another program has ---


def test_a_new_one_whose_port_is_taken_gets_another_and_its_organization_is_told(day: Day) -> None:
    day.used_ports |= {19530, 19531}
    day.create()
    day.pass_time(times=4)
    assert (day.cluster.state, day.cluster.port) == (State.RUNNING, 19532)
    assert day.engine.place.port == 19532
    recorded = Activity.objects.get(kind="cluster.moved")
    assert (recorded.level, recorded.actor_id, recorded.subject_name) == ("warning", None, "Birds")


def test_one_that_starts_again_keeps_its_data_at_another_port(day: Day) -> None:
    day.running()
    day.data.write_text("1 2 3")
    day.used_ports.add(19530)
    day.engine.crash()
    day.pass_time(2, times=6)
    assert (day.cluster.state, day.cluster.port, day.engine.is_up) == (State.RUNNING, 19531, True)
    assert day.data.read_text() == "1 2 3"


def test_one_whose_port_is_free_again_stays_there(day: Day) -> None:
    day.running()
    day.engine.crash(PORT_TAKEN)
    day.pass_time(2, times=3)
    assert (day.cluster.port, day.engine.is_up) == (19530, True)
    assert not Activity.objects.filter(kind="cluster.moved").exists()


def test_without_a_free_port_it_has_failed_until_there_is_one(day: Day) -> None:
    with limited(cluster_ports=Ports(19530, 19531)):
        day.used_ports |= {19530, 19531}
        day.create()
        day.pass_time(times=3)
        assert (day.cluster.state, day.cluster.failure) == (State.FAILED, Failure.NO_PORT_FREE)
        day.used_ports.remove(19531)
        day.resume()
        day.pass_time(times=5)
        assert (day.cluster.state, day.cluster.port) == (State.RUNNING, 19531)


PORTS = (19530, 19531, 19532, 19533)
TAKEN = list(chain.from_iterable(combinations(PORTS, count) for count in range(len(PORTS) + 1)))


@pytest.mark.parametrize("taken", TAKEN, ids=str)
def test_whichever_ports_are_taken_as_many_run_as_there_are_others(day: Day, taken: tuple[int, ...]) -> None:
    with limited(cluster_ports=Ports(PORTS[0], PORTS[-1])):
        day.used_ports.update(taken)
        for name in ("Apes", "Birds", "Cats"):
            day.create(name)
        day.pass_time(2, times=30)
        running = set(Cluster.objects.filter(state=State.RUNNING).values_list("port", flat=True))
        failed = Cluster.objects.filter(state=State.FAILED, failure=Failure.NO_PORT_FREE)
        assert len(running) == min(3, len(PORTS) - len(taken))
        assert running.isdisjoint(taken)
        assert len(running) + failed.count() == 3


# --- Many at once ---


def test_only_a_few_start_at_once_and_the_others_wait(day: Day) -> None:
    day.engines.trouble["answers"] = False
    for number in range(8):
        day.create(str(number))
    for waiting in (5, 2, 0):
        day.pass_time()
        assert len(day.engines.starting) == 3 - max(0, 1 - waiting)
        assert sum(engine.starts == 0 for engine in day.engines.made) == waiting
        for engine in day.engines.starting:
            engine.answers = True
        day.pass_time()
    assert set(Cluster.objects.values_list("state", flat=True)) == {State.RUNNING}


def test_one_that_takes_long_to_start_keeps_the_others_waiting_for_a_while_only(
    tmp_path: Path, now: datetime
) -> None:
    day = Day(tmp_path, now, starting_at_once=1)
    day.engines.trouble["answers"] = False
    day.create("Slow")
    day.create("Next")
    day.pass_time()
    day.pass_time(LOOK, times=int(LONGEST_TURN.total_seconds() / LOOK) - 1)
    assert [engine.starts for engine in day.engines.made] == [1, 0]
    day.pass_time(LOOK)
    assert [engine.starts for engine in day.engines.made] == [1, 1]


SECONDS_OF_WORK = 3.0
PROCESSORS = 2


def test_fifty_at_once_all_run_on_a_machine_with_two_processors(tmp_path: Path, now: datetime) -> None:
    # Starting all at once would take each longer than it may.
    assert TIME_TO_ANSWER.total_seconds() < 50 * SECONDS_OF_WORK / PROCESSORS
    day = Day(tmp_path, now, starting_at_once=PROCESSORS)
    day.engines.trouble["answers"] = False
    with limited(clusters_per_project=50):
        for number in range(50):
            day.create(str(number))
        with pytest.raises(operations.TooManyClusters):
            day.create("one more")
    done: dict[int, float] = {}
    for _ in range(100):
        day.pass_time(1)
        for engine in day.engines.starting:
            share = PROCESSORS / len(day.engines.starting)
            done[id(engine)] = done.get(id(engine), 0) + share
        for engine in day.engines.starting:
            engine.answers = done[id(engine)] >= SECONDS_OF_WORK
    assert set(Cluster.objects.values_list("state", flat=True)) == {State.RUNNING}
    assert {engine.starts for engine in day.engines.made} == {1}
