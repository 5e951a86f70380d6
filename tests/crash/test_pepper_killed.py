"""A rotation of the pepper is killed at every point; backups from before it are put back (Rules C4, L2)."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.crash.lives import KILLED, Lives, prepared_lives
from tests.crash.points import record
from tests.crash.restored import back_up, rotated

COMMAND = "`adieu keys rotate pepper`"
RUN_IT = f"Addresses in the main database stand under pepper 1, and pepper 2 is here: run {COMMAND}."


@pytest.fixture(scope="module")
def lives(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lives]:
    with prepared_lives(tmp_path_factory.mktemp("pepper")) as running:
        yield running


BETWEEN = {"restore.replaced", "replay.keys_retired", "ledger.mark_moved"}


def do(lives: Lives, *stories: str) -> None:
    for story in stories:
        status, _ = lives("record", story)
        assert status == 0, lives.errors


def look(lives: Lives) -> dict[str, Any]:
    status, said = lives("look_at_peppers")
    assert status == 0, lives.errors
    found: dict[str, Any] = said
    return found


def test_a_rotation_that_is_killed_moved_all_or_nothing_and_is_finished(
    lives: Lives, record_property: Any
) -> None:
    points = rotated(lives)
    made_at, moved_at = (points.index((f"pepper.{name}", 1)) for name in ("key_made", "committed"))
    for at, (point, time) in enumerate(points):
        lives.go_back()
        do(lives, "cross")
        status, _ = lives("crash", "rotate", point, str(time))
        assert status == KILLED, point
        found = look(lives)
        is_moved = at >= moved_at
        assert (found["in use"], found["live under"], found["sealed alike"]) == (
            2 if is_moved else 1,
            [2 if is_moved else 1],
            True,
        ), point
        # Nobody serves in between: a process would find nobody, or not know who left.
        assert found["why not"] == (RUN_IT if made_at <= at < moved_at else ""), point
        if not is_moved:
            do(lives, "rotate")
        found = look(lives)
        assert (found["here"], found["in use"], found["live under"]) == ([1, 2], 2, [2]), point
        assert (found["why not"], found["sealed alike"]) == ("", True), point
        assert found["claims"] == {"alice": "retired", "bob": "live", "charlie": "live"}, point
        assert found["found"] == {"alice": False, "bob": True, "charlie": True}, point
    record_property("points of a rotation survived", len(points))


@pytest.mark.only_on("sqlite")
def test_on_a_full_disk_nothing_moves_and_it_is_finished_when_there_is_room(lives: Lives) -> None:
    for point, _ in [("", 1), *rotated(lives)]:
        lives.go_back()
        do(lives, "cross")
        _, said = lives("rotate_on_a_full_disk", point)
        found = look(lives)
        if point == "pepper.committed":
            assert (said, found["in use"]) == ("", 2)
            continue
        assert "cannot be" in said, (point, said)
        assert (found["in use"], found["live under"], found["sealed alike"]) == (1, [1], True), point
        assert found["here"] == ([1, 2] if point.startswith("pepper.") else [1]), point
        assert not list((lives.data / "keys").glob(".*")), point
        do(lives, "rotate")
        found = look(lives)
        assert (found["here"], found["in use"], found["live under"]) == ([1, 2], 2, [2]), point


@pytest.mark.parametrize("is_lifted", [False, True], ids=["retired", "lifted"])
def test_a_backup_from_before_is_moved_when_the_ledger_was_taken_in(
    lives: Lives, record_property: Any, *, is_lifted: bool
) -> None:
    """Alice left before the rotation and Bob after it: the ledger names their keys by different peppers."""
    back_up(lives)
    do(lives, "cross", "rotate", "bob_leaves", *(["lift_both"] if is_lifted else []))
    left = "free" if is_lifted else "retired"
    end = look(lives)
    assert end["claims"] == {"alice": left, "bob": left, "charlie": "live"}
    points = record(lives, "put_back")
    assert look(lives) == end
    # Again from the same backup; what lies between is killed at every point in `test_restored.py`.
    points = [point for point in points if point[0] in BETWEEN or point[0].startswith("pepper.")]
    for point, time in points:
        status, _ = lives("crash", "put_back", point, str(time))
        assert status == KILLED, point
        found = look(lives)
        assert found["why not"] == ("" if found["in use"] == 2 else RUN_IT), point
        # Whoever does not restore again is told what to do, and it is enough.
        if found["why not"]:
            do(lives, "rotate")
        else:
            do(lives, "start")
        assert look(lives) == end, point
    record_property("points of a restore from before a rotation survived", len(points))
