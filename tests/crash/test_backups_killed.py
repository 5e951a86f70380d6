"""A backup and a restore are killed at every point, and done again: nothing is half, nobody comes back."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.crash.lives import KILLED, Lives, prepared_lives
from tests.crash.restored import back_up, backup_of, leave, put_back


@pytest.fixture(scope="module")
def lives(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lives]:
    with prepared_lives(tmp_path_factory.mktemp("backups")) as running:
        yield running


def look(lives: Lives) -> dict[str, Any]:
    status, said = lives("look")
    assert status == 0, lives.errors
    found: dict[str, Any] = said
    return found


def do_again(lives: Lives, story: str) -> None:
    status, _ = lives("record", story)
    assert status == 0, lives.errors


def is_gone(found: dict[str, Any]) -> bool:
    return not found["account"] and not found["live_claims"] and found["retired_claims"] == 1


def test_a_backup_that_is_killed_is_whole_or_not_there(lives: Lives, record_property: Any) -> None:
    points = back_up(lives)
    for point, time in points:
        backup_of(lives).unlink()
        status, _ = lives("crash", "back_up", point, str(time))
        assert status == KILLED, point
        assert backup_of(lives).exists() == (point == "backup.named"), point
        if not backup_of(lives).exists():
            do_again(lives, "back_up")
        do_again(lives, "put_back")
    record_property("points of a backup survived", len(points))


def test_a_restore_that_is_killed_leaves_one_database_whole_and_ends_well(
    lives: Lives, record_property: Any
) -> None:
    """What follows the replacing is what each start does: `test_restored.py` kills that at every point."""
    back_up(lives)
    points = put_back(lives)
    end = look(lives)
    assert is_gone(end)
    replaced_from = points.index(("restore.replaced", 1))
    points = [*points[: replaced_from + 2], points[-1]]
    for at, (point, time) in enumerate(points):
        leave(lives)
        left = look(lives)
        status, _ = lives("crash", "put_back", point, str(time))
        assert status == KILLED, point
        if at < replaced_from:
            assert look(lives) == left, point
        # Whoever starts then, without thinking of the restore, serves nobody who left.
        do_again(lives, "start")
        assert is_gone(look(lives)), point
        do_again(lives, "put_back")
        assert is_gone(look(lives)), point
        assert look(lives)["charlie"] == end["charlie"], point
        assert not list(lives.data.glob(".restoring")), point
    record_property("points of a restore survived", len(points))
