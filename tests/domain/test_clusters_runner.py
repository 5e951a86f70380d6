"""The runner brings every cluster to where its row says, whatever happens on the way (Rules K2, K3, K4)."""

import errno
from datetime import datetime
from pathlib import Path

import pytest

from adieu.activities.models import Activity
from adieu.clusters.engines import Undestroyed
from adieu.clusters.models import Cluster, Failure, State
from adieu.clusters.runner import MEASURE_EVERY, MOST_ENDS
from adieu.tenancy.projects import delete_project
from tests.support.days import Day

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])


@pytest.fixture
def day(tmp_path: Path, now: datetime) -> Day:
    return Day(tmp_path, now)


def test_a_new_one_runs(day: Day) -> None:
    day.create()
    day.pass_time()
    assert (day.cluster.state, day.engine.is_up) == (State.CREATING, True)
    day.pass_time()
    assert (day.cluster.state, day.cluster.started_at) == (State.RUNNING, day.now)
    assert day.engine.starts == 1
    assert day.data.exists()


def test_it_is_not_said_to_run_before_it_answers(day: Day) -> None:
    day.engines.trouble["answers"] = False
    day.create()
    day.pass_time(times=5)
    assert day.cluster.state == State.CREATING
    day.engine.answers = True
    day.pass_time()
    assert day.cluster.state == State.RUNNING


def test_what_it_takes_is_measured_now_and_then(day: Day) -> None:
    day.running()
    assert (day.cluster.memory_bytes, day.cluster.disk_bytes) == (100, 200)
    measured_at = day.cluster.measured_at
    day.pass_time(MEASURE_EVERY.total_seconds() - 1)
    assert day.cluster.measured_at == measured_at
    day.pass_time(1)
    assert day.cluster.measured_at == day.now


def test_it_is_suspended_and_resumed_with_its_data(day: Day) -> None:
    day.running()
    first_started_at = day.cluster.started_at
    day.data.write_text("1 2 3")
    day.suspend()
    day.pass_time(times=2)
    assert (day.cluster.state, day.cluster.suspended_at) == (State.SUSPENDED, day.now)
    assert not day.engine.is_up
    assert day.cluster.memory_bytes is None
    day.pass_time(times=3)
    assert not day.engine.is_up
    day.resume()
    day.pass_time(times=2)
    assert (day.cluster.state, day.cluster.started_at) == (State.RUNNING, first_started_at)
    assert day.data.read_text() == "1 2 3"


def test_deleting_destroys_its_data_then_its_row(day: Day) -> None:
    folder = day.folder / str(day.running().id)
    day.delete()
    day.pass_time(times=2)
    assert not folder.exists()
    assert not Cluster.objects.exists()
    assert not day.engine.is_up


@pytest.mark.parametrize("state", [State.CREATING, State.SUSPENDED, State.FAILED])
def test_one_that_does_not_run_is_deleted(day: Day, state: State) -> None:
    if state == State.CREATING:
        day.create()
        day.pass_time()
    elif state == State.SUSPENDED:
        day.running()
        day.suspend()
        day.pass_time(times=2)
    else:
        day.running()
        fail(day)
    assert day.cluster.state == state
    day.delete()
    day.pass_time(times=2)
    assert not Cluster.objects.exists()
    assert list(day.folder.iterdir()) == []


def test_what_runs_runs_again_after_a_restart_of_the_service(day: Day) -> None:
    day.running()
    day.data.write_text("1 2 3")
    day.runner.end(patience=1)
    assert not day.engine.is_up
    assert day.cluster.state == State.RUNNING
    day.start_runner()
    day.pass_time(times=2)
    assert day.engine.is_up
    assert len(day.engines.made) == 2
    assert day.data.read_text() == "1 2 3"


def test_what_ends_by_itself_is_started_again_after_a_pause(day: Day) -> None:
    day.running()
    day.engine.crash()
    day.pass_time()
    assert not day.engine.is_up
    day.pass_time(0.4)
    assert not day.engine.is_up
    day.pass_time(0.7)
    assert day.engine.is_up
    day.pass_time()
    assert day.cluster.state == State.RUNNING


def fail(day: Day) -> None:
    """Let it end again and again."""
    for _ in range(MOST_ENDS):
        day.engine.crash("The disk is full.")
        day.pass_time()
        day.pass_time(20)


def test_what_ends_again_and_again_has_failed_and_says_why(day: Day) -> None:
    day.running()
    for _ in range(MOST_ENDS - 1):
        day.engine.crash()
        day.pass_time()
        day.pass_time(20)
        assert day.engine.is_up
        assert day.cluster.state == State.RUNNING
    day.engine.crash("The disk is full.")
    day.pass_time()
    assert (day.cluster.state, day.cluster.failed_at) == (State.FAILED, day.now)
    assert (day.cluster.failure, day.cluster.failure_reason) == (Failure.ENDED, "The disk is full.")
    recorded = Activity.objects.get(kind="cluster.failed")
    assert (recorded.level, recorded.actor_id, recorded.subject_name) == ("error", None, "Birds")
    day.pass_time(3600)
    assert not day.engine.is_up


def test_ends_that_lie_far_apart_are_no_failure(day: Day) -> None:
    day.running()
    for _ in range(2 * MOST_ENDS):
        day.engine.crash()
        day.pass_time(2, times=40)
        assert day.cluster.state == State.RUNNING


def test_one_that_failed_is_tried_again_when_somebody_says_so(day: Day) -> None:
    day.running()
    fail(day)
    assert day.cluster.state == State.FAILED
    day.resume()
    assert (day.cluster.failure, day.cluster.failure_reason) == ("", "")
    day.pass_time(times=2)
    assert day.cluster.state == State.RUNNING


def test_one_that_never_answers_has_failed(day: Day) -> None:
    day.engines.trouble["answers"] = False
    day.create()
    day.pass_time(5, times=100)
    assert (day.cluster.state, day.cluster.failure) == (State.FAILED, Failure.TOO_SLOW)
    assert not day.engine.is_up


def test_one_that_cannot_be_started_has_failed(day: Day) -> None:
    day.engines.trouble["unable_to_start"] = OSError(errno.EACCES, "not here")
    day.create()
    day.pass_time(20, times=MOST_ENDS)
    assert (day.cluster.state, day.cluster.failure) == (State.FAILED, Failure.UNABLE_TO_START)


def test_a_folder_that_was_lost_is_not_replaced_by_an_empty_one(day: Day) -> None:
    day.running()
    day.runner.end(patience=1)
    day.data.unlink()
    day.data.parent.rmdir()
    day.start_runner()
    day.pass_time()
    assert (day.cluster.state, day.cluster.failure) == (State.FAILED, Failure.DATA_MISSING)
    assert list(day.folder.iterdir()) == []
    day.delete()
    day.pass_time(times=2)
    assert not Cluster.objects.exists()


def test_one_that_cannot_be_stopped_has_failed_is_ended_by_force_and_can_be_deleted(day: Day) -> None:
    day.running()
    day.engine.unable_to_stop = OSError(errno.EIO, "no")
    day.suspend()
    day.pass_time(times=2)
    assert (day.cluster.state, day.cluster.failure) == (State.FAILED, Failure.UNABLE_TO_STOP)
    assert day.engine.is_up
    day.pass_time()
    assert not day.engine.is_up
    day.delete()
    day.pass_time(times=3)
    assert not Cluster.objects.exists()


def test_one_that_cannot_be_destroyed_is_tried_again_and_says_so(day: Day) -> None:
    day.running()
    day.engine.unable_to_destroy = OSError(errno.EACCES, "not yours")
    day.delete()
    day.pass_time(times=2)
    assert (day.cluster.state, day.cluster.failure) == (State.DELETING, Failure.UNABLE_TO_DESTROY)
    day.engine.unable_to_destroy = None
    day.pass_time(600, times=2)
    assert not Cluster.objects.exists()
    assert list(day.folder.iterdir()) == []


def test_why_one_cannot_be_destroyed_is_said_if_its_engine_knows(day: Day) -> None:
    day.running()
    day.engine.unable_to_destroy = Undestroyed("The server is away.")
    day.delete()
    day.pass_time(times=2)
    assert day.cluster.failure_reason == "The server is away."


def test_what_is_wrong_while_one_runs_is_written_down(day: Day) -> None:
    day.running()
    assert day.cluster.trouble == ""
    day.engine.trouble = "The server is away."
    day.pass_time(MEASURE_EVERY.total_seconds())
    assert (day.cluster.state, day.cluster.trouble) == (State.RUNNING, "The server is away.")
    day.engine.trouble = ""
    day.pass_time(MEASURE_EVERY.total_seconds())
    assert day.cluster.trouble == ""


def test_its_project_can_go_while_its_files_are_destroyed(day: Day) -> None:
    day.running()
    day.engine.unable_to_destroy = OSError(errno.EACCES, "not yours")
    day.delete()
    day.pass_time()
    delete_project(project_id=day.atlas, account_id=day.alice, typed_name="Atlas", now=day.now)
    assert day.cluster.project is None
    day.engine.unable_to_destroy = None
    day.pass_time(600, times=3)
    assert not Cluster.objects.exists()
    assert list(day.folder.iterdir()) == []


def test_an_order_that_comes_while_it_starts_is_not_lost(day: Day) -> None:
    day.create()
    day.pass_time()
    day.delete()
    day.pass_time(times=2)
    assert not Cluster.objects.exists()
    assert not day.engine.is_up


def test_one_in_trouble_holds_up_no_other(day: Day) -> None:
    day.running()
    day.engine.unable_to_destroy = OSError(errno.EACCES, "not yours")
    day.delete()
    day.pass_time(times=2)
    other = day.create("Bees")
    day.pass_time(times=2)
    assert Cluster.objects.get(id=other).state == State.RUNNING


def test_one_that_cannot_be_looked_at_holds_up_no_other(day: Day) -> None:
    day.running()
    day.engine.unable_to_tell = OSError(errno.EAGAIN, "no more processes")
    other = day.create("Bees")
    day.pass_time(times=2)
    assert Cluster.objects.get(id=other).state == State.RUNNING
