"""What happens after the point of no return: claiming steps, doing them, finishing (Rules D8, D9).

The table of steps is the queue. Any number of workers may claim; each claim raises the step's epoch, and a
worker that wakes up after its lease holds an old epoch and can settle nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connections
from django.db.models import Q, QuerySet

from adieu.core.keeping import NotYet, Step
from adieu.deletion.farewell import complete_if_done
from adieu.deletion.keepers import keeper_named
from adieu.deletion.models import ErasureStep, StepState
from adieu.kit.crashing import crash_point
from adieu.kit.transactions import transaction

LEASE = timedelta(seconds=60)
LONGEST_WAIT = timedelta(minutes=15)
NOT_YET_WAIT = timedelta(seconds=2)


@dataclass(frozen=True)
class Claimed:
    """A step that this worker may do, and the epoch that proves it."""

    id: UUID
    epoch: int
    attempts: int
    request_id: UUID
    keeper: str
    step: Step


def run_due_steps(
    *, now: Callable[[], datetime], random: Callable[[], float], report: Callable[[UUID, Exception], None]
) -> int:
    """Do every step that is due, until none is.

    Args:
        now: Tells the time; asked again for each step.
        random: Gives a float in [0, 1) for the jitter of retries.
        report: Is told the id of a step that failed, and why; it must not show what the error says.

    Returns:
        How many steps were done.
    """
    # A look costs no write lock, which an empty claim would take on SQLite at every tick.
    if not _due(now()).exists():
        return 0
    done = 0
    while (claimed := claim_step(now=now())) is not None:
        done += _run(claimed, now=now, random=random, report=report)
    return done


@transaction
def claim_step(*, now: datetime) -> Claimed | None:
    """Claim one step that is due, in one statement; give None when there is none."""
    waiting = _due(now).order_by("next_attempt_at", "position")
    if connections["default"].features.has_select_for_update_skip_locked:
        waiting = waiting.select_for_update(skip_locked=True)
    row = waiting.first()
    if row is None:
        return None
    # SQLite has one writer, so nobody claims between the look and this update; PostgreSQL locked the row.
    ErasureStep.objects.filter(id=row.id, epoch=row.epoch).update(
        state=StepState.RUNNING, epoch=row.epoch + 1, attempts=row.attempts + 1, leased_until_at=now + LEASE
    )
    return Claimed(
        id=row.id,
        epoch=row.epoch + 1,
        attempts=row.attempts + 1,
        request_id=row.request_id,
        keeper=row.keeper,
        step=_as_step(row),
    )


def _due(now: datetime) -> QuerySet[ErasureStep]:
    is_waiting = Q(state=StepState.WAITING, next_attempt_at__lte=now)
    is_abandoned = Q(state=StepState.RUNNING, leased_until_at__lte=now)
    return ErasureStep.objects.filter(is_waiting | is_abandoned)


def _as_step(row: ErasureStep) -> Step:
    account_id = row.request.former_account_id
    if account_id is None:
        raise LookupError(row.id)
    return Step(name=row.name, account_id=account_id, deletion_id=row.request_id, payload=row.payload)


def _run(
    claimed: Claimed,
    *,
    now: Callable[[], datetime],
    random: Callable[[], float],
    report: Callable[[UUID, Exception], None],
) -> bool:
    crash_point(f"step.claimed.{claimed.keeper}.{claimed.step.name}")
    try:
        keeper_named(claimed.keeper).run(step=claimed.step, now=now())
        crash_point(f"step.done.{claimed.keeper}.{claimed.step.name}")
    except NotYet:
        _put_back(claimed, at=now() + NOT_YET_WAIT)
    except Exception as error:  # noqa: BLE001 - whatever a step meets, it is tried again and never lost
        report(claimed.id, error)
        _put_back(claimed, at=now() + wait_before(attempts=claimed.attempts, random=random()))
    else:
        return finish_step(claimed, now=now())
    return False


def wait_before(*, attempts: int, random: float) -> timedelta:
    """Give the time before the next try: doubling up to a cap, between half and all of it by chance."""
    longest = min(timedelta(seconds=2.0 ** min(attempts, 20)), LONGEST_WAIT)
    return longest * (0.5 + random / 2)


@transaction
def finish_step(claimed: Claimed, *, now: datetime) -> bool:
    """Settle a step, and the whole deletion with the last one; tell whether this worker still held it."""
    is_mine = _settle(claimed, state=StepState.DONE, leased_until_at=None, done_at=now)
    crash_point("step.settled")
    if is_mine:
        complete_if_done(request_id=claimed.request_id, now=now)
        crash_point("step.completion_checked")
    return is_mine


@transaction
def _put_back(claimed: Claimed, *, at: datetime) -> None:
    _settle(claimed, state=StepState.WAITING, leased_until_at=None, next_attempt_at=at)


def _settle(claimed: Claimed, **changes: Any) -> bool:
    mine = ErasureStep.objects.filter(id=claimed.id, epoch=claimed.epoch, state=StepState.RUNNING)
    return bool(mine.update(**changes))
