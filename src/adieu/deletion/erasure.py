"""What happens after the point of no return: doing the steps that are due (Rules D8, D9).

The table of steps is the queue (`queue.py`). Any number of workers may claim; each claim raises the step's
epoch, and a worker that wakes up after its lease holds an old epoch and can change nothing (Note [Fencing]).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from adieu.core.keeping import LeaseLost, NotYet
from adieu.deletion.hands import Hand
from adieu.deletion.keepers import keeper_named
from adieu.deletion.queue import (
    NOT_YET_WAIT,
    Claimed,
    claim_step,
    due,
    fail_step,
    finish_step,
    wait_before,
    wait_with_step,
)
from adieu.kit import logs
from adieu.kit.crashing import crash_point

__all__ = ["Hand", "claim_step", "finish_step", "run_due_steps", "wait_before"]

# No longer than a step waits that said "not yet": else those that wait come round for ever, and the worker
# never gets to the mails that some of them wait for.
LONGEST_ROUND = NOT_YET_WAIT


@dataclass(frozen=True)
class _Round:
    """One look at what is due."""

    now: Callable[[], datetime]
    random: Callable[[], float]
    report: Callable[[UUID, Exception], None]
    hand: Hand


def run_due_steps(
    *,
    now: Callable[[], datetime],
    random: Callable[[], float],
    report: Callable[[UUID, Exception], None],
    hand: Hand | None = None,
    may_go_on: Callable[[], bool] = lambda: True,
) -> int:
    """Do the steps that are due, until none is or the round is over.

    Args:
        now: Tells the time; asked again for each step.
        random: Gives a float in [0, 1) for the jitter of retries.
        report: Is told the id of a step that failed, and why; it must not show what the error says.
        hand: What the worker has in hand, kept from one call to the next.
        may_go_on: Is asked before each step; a worker that is told to end begins none.

    Returns:
        How many steps were done.
    """
    hand = hand or Hand()
    # What could not be settled because the database was away.
    hand.give_back(now=now())
    # A look costs no write lock, which an empty claim would take on SQLite at every tick.
    if not due(now()).exists():
        return 0
    looking = _Round(now, random, report, hand)
    over_at = now() + LONGEST_ROUND
    done = 0
    while may_go_on() and now() < over_at and (claimed := claim_step(now=now())) is not None:
        done += _run(claimed, looking)
        hand.let_go()
    return done


def _run(claimed: Claimed, looking: _Round) -> bool:
    now = looking.now
    try:
        with looking.hand.holding(claimed, now=now):
            crash_point(f"step.claimed.{claimed.keeper}.{claimed.step.name}")
            keeper_named(claimed.keeper).run(step=claimed.step, now=now())
            crash_point(f"step.done.{claimed.keeper}.{claimed.step.name}")
    except LeaseLost:
        logs.record("step.lease_lost", step=claimed.id)
    except NotYet as wait:
        wait_with_step(claimed, wait, now=now())
    except Exception as error:  # noqa: BLE001 - whatever a step meets, it is tried again and never lost
        looking.report(claimed.id, error)
        fail_step(claimed, error, now=now(), random=looking.random())
    else:
        return finish_step(claimed, now=now())
    return False
