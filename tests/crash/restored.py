"""Starts that find more in the ledger than in the database."""

from tests.crash.lives import KILLED, Lives
from tests.crash.points import record


def leave_and_restore(lives: Lives) -> None:
    """Let Alice leave to the end, and put a backup back in which she is still there."""
    lives.go_back()
    status, _ = lives("record", "plain")
    assert status == 0, lives.errors
    lives.restore()


def cut_off(lives: Lives, point: str = "ledger.intent.written", time: int = 1) -> None:
    """Kill a deletion at a point; by default when the ledger has heard of it and nothing is done."""
    lives.go_back()
    status, _ = lives("crash", "plain", point, str(time))
    assert status == KILLED, point


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
