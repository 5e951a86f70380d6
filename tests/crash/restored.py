"""Starts that find more in the ledger than in the database, and the commands that bring it about."""

from pathlib import Path
from typing import Any

from tests.crash.lives import KILLED, Lives
from tests.crash.points import record


def leave_and_restore(lives: Lives) -> dict[str, Any]:
    """Let Alice leave to the end, and put a backup back in which she is still there; say how it was."""
    lives.go_back()
    status, _ = lives("record", "plain")
    assert status == 0, lives.errors
    status, found = lives("look")
    assert status == 0, lives.errors
    lives.restore()
    return dict(found)


def cut_off(lives: Lives, point: str = "ledger.intent.written", time: int = 1) -> None:
    """Kill a deletion at a point; by default when the ledger has heard of it and nothing is done."""
    lives.go_back()
    status, _ = lives("crash", "plain", point, str(time))
    assert status == KILLED, point


def backup_of(lives: Lives) -> Path:
    """Give the place of the backup."""
    return lives.data.with_name("monday.adieu")


def back_up(lives: Lives) -> list[tuple[str, int]]:
    """Back up the start, where Alice still is, and list the points."""
    lives.go_back()
    backup_of(lives).unlink(missing_ok=True)
    return record(lives, "back_up")


def leave(lives: Lives) -> None:
    """Let Alice pass the point of no return."""
    lives.go_back()
    status, _ = lives("record", "cross")
    assert status == 0, lives.errors


def put_back(lives: Lives) -> list[tuple[str, int]]:
    """List the points of a restore from before Alice left."""
    leave(lives)
    return record(lives, "put_back")


def repeated(lives: Lives) -> list[tuple[str, int]]:
    """List the points of a start that erases Alice once more, and of the work after it."""
    leave_and_restore(lives)
    return [*record(lives, "start"), *record(lives, "work")]


def settled(lives: Lives) -> list[tuple[str, int]]:
    """List the points of starts after a cut-off deletion: on the same database, and on an older one."""
    cut_off(lives)
    on_the_same = record(lives, "start")
    cut_off(lives)
    lives.restore()
    return [*on_the_same, *record(lives, "start")]


def rotated(lives: Lives) -> list[tuple[str, int]]:
    """List the points of a rotation of the pepper, after Alice has left."""
    leave(lives)
    return record(lives, "rotate")


def requested(lives: Lives) -> list[tuple[str, int]]:
    """List the points of a deletion on request, with an organization to hand over."""
    lives.go_back()
    record(lives, "own_alone")
    return record(lives, "hand_over")
