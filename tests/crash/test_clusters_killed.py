"""The runner of clusters is killed at every crash point, and the next one goes on (Rules K2, K3)."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.crash.clusters import EVENTS
from tests.crash.lives import KILLED, Lives, prepared_lives
from tests.crash.points import record

POINTS = {
    *("cluster.prepared", "cluster.started", "cluster.stopped", "cluster.destroyed", "cluster.forgotten"),
    *("cluster.marked.running", "cluster.marked.suspended", "cluster.marked.failed"),
}


@pytest.fixture(scope="module")
def lives(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lives]:
    with prepared_lives(tmp_path_factory.mktemp("crash")) as running:
        yield running


def test_a_runner_killed_at_any_point_leaves_everything_to_the_next(
    lives: Lives, record_property: Any
) -> None:
    passed = record(lives, "clusters")
    assert {name for name, _ in passed} == POINTS
    for point, time in passed:
        lives.go_back()
        status, _ = lives("crash", "clusters", point, str(time))
        assert status == KILLED, point
        status, said = lives("finish", "clusters")
        assert status == 0, (point, lives.errors)
        # Each thing happened once, and nothing is left in the table or on disk.
        assert said[1]["clusters"] == {"events": sorted(EVENTS), "rows": [], "folders": []}, point
    record_property("crash points of clusters survived", len(passed))
