"""The table of steps as a queue: each change is one conditional statement on a step's epoch (Rule D8).

waiting ──(claim: epoch + 1, lease)──▶ running ──▶ done
▲                                     │ │
├──(failed, "not yet", given back)────┘ └──(failed too often)──▶ stuck
└──────────────────────(the operator retries)──────────────────────┘
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.db import connections
from django.db.models import Q, QuerySet

from adieu.core.keeping import LeaseLost, NotYet, Step
from adieu.deletion.farewell import complete_if_done
from adieu.deletion.models import ErasureStep, StepState
from adieu.deletion.promises import tell_stuck
from adieu.kit import logs
from adieu.kit.crashing import crash_point
from adieu.kit.transactions import transaction, transaction_required

LEASE = timedelta(seconds=60)
# With waits that double from 2 s to 15 minutes, this is between 23 and 47 minutes of trying.
MOST_FAILURES = 12
LONGEST_WAIT = timedelta(minutes=15)
NOT_YET_WAIT = timedelta(seconds=2)


class WorkerVanished(Exception):
    """The worker that had the step neither finished it nor gave it back."""


@dataclass(frozen=True)
class Claimed:
    """A step that this worker may do, and the epoch that proves it."""

    id: UUID
    epoch: int
    failures: int
    asked_at: datetime
    request_id: UUID
    keeper: str
    step: Step


def due(now: datetime) -> QuerySet[ErasureStep]:
    """Give the steps that a worker may claim."""
    is_waiting = Q(state=StepState.WAITING, next_attempt_at__lte=now)
    is_abandoned = Q(state=StepState.RUNNING, leased_until_at__lte=now)
    return ErasureStep.objects.filter(is_waiting | is_abandoned)


@transaction
def claim_step(*, now: datetime) -> Claimed | None:
    """Claim one step that is due, in one statement; give None when there is none."""
    while (row := _lock_first(due(now).order_by("next_attempt_at", "position"))) is not None:
        # SQLite has one writer, so nobody claims between the look and the update; PostgreSQL locked the row.
        if row.state != StepState.RUNNING:
            return _claim(row, failures=row.failures, now=now)
        # A step that ends its worker each time must not do so for ever.
        if row.failures + 1 < MOST_FAILURES:
            return _claim(row, failures=row.failures + 1, now=now)
        _give_up(ErasureStep.objects.filter(id=row.id), row.request_id, WorkerVanished(), now)
    return None


def _lock_first(steps: QuerySet[ErasureStep]) -> ErasureStep | None:
    if connections["default"].features.has_select_for_update_skip_locked:
        steps = steps.select_for_update(skip_locked=True)
    return steps.first()


def _claim(row: ErasureStep, *, failures: int, now: datetime) -> Claimed:
    epoch = row.epoch + 1
    ErasureStep.objects.filter(id=row.id, epoch=row.epoch).update(
        state=StepState.RUNNING,
        epoch=epoch,
        attempts=row.attempts + 1,
        failures=failures,
        leased_until_at=now + LEASE,
    )
    return Claimed(
        id=row.id,
        epoch=epoch,
        failures=failures,
        asked_at=row.asked_at,
        request_id=row.request_id,
        keeper=row.keeper,
        step=_as_step(row, hold=partial(hold, row.id, epoch)),
    )


def _as_step(row: ErasureStep, *, hold: Callable[[], AbstractContextManager[None]]) -> Step:
    account_id = row.request.former_account_id
    if account_id is None:
        raise LookupError(row.id)
    return Step(
        name=row.name, account_id=account_id, deletion_id=row.request_id, payload=row.payload, hold=hold
    )


@contextmanager
def hold(step_id: UUID, epoch: int) -> Iterator[None]:
    """Open the transaction for a step's effect, unless another worker has the step (Note [Fencing]).

    Raises:
        LeaseLost: it has.
    """
    with transaction():
        # The update takes the row's lock, so that nobody claims the step before the effect is committed.
        if not _mine(step_id, epoch).update(epoch=epoch):
            raise LeaseLost
        crash_point("step.held")
        yield
        crash_point("step.changed")


def renew_lease(claimed: Claimed, *, now: datetime) -> bool:
    """Lengthen a lease, and tell whether it was still there."""
    return bool(_mine(claimed.id, claimed.epoch).update(leased_until_at=now + LEASE))


def give_back(claimed: Claimed, *, now: datetime) -> bool:
    """Let another worker have a step at once, and tell whether it was ours; it counts as no failure."""
    return _put_back(claimed, next_attempt_at=now)


@transaction
def finish_step(claimed: Claimed, *, now: datetime) -> bool:
    """Settle a step, and the whole deletion with the last one; tell whether this worker still held it."""
    is_mine = _settle(
        claimed, state=StepState.DONE, leased_until_at=None, done_at=now, failures=0, last_error=""
    )
    crash_point("step.settled")
    if is_mine:
        complete_if_done(request_id=claimed.request_id, now=now)
        crash_point("step.completion_checked")
    return is_mine


@transaction
def fail_step(claimed: Claimed, error: Exception, *, now: datetime, random: float) -> None:
    """Let a step that failed wait, longer each time; after too many failures it is stuck."""
    failures = claimed.failures + 1
    if failures >= MOST_FAILURES:
        _give_up(_mine(claimed.id, claimed.epoch), claimed.request_id, error, now)
        return
    wait = wait_before(attempts=failures, random=random)
    _put_back(claimed, next_attempt_at=now + wait, failures=failures, last_error=name_of(error))
    crash_point("step.failed")


@transaction
def wait_with_step(claimed: Claimed, wait: NotYet, *, now: datetime) -> None:
    """Let a step wait for what it waits for; when that takes too long, it is stuck."""
    cause = wait.__cause__ if isinstance(wait.__cause__, Exception) else wait
    if now >= claimed.asked_at + wait.longest:
        _give_up(_mine(claimed.id, claimed.epoch), claimed.request_id, cause, now)
        return
    _put_back(claimed, next_attempt_at=now + NOT_YET_WAIT, failures=0, last_error=name_of(cause))
    crash_point("step.put_back")


def wait_before(*, attempts: int, random: float) -> timedelta:
    """Give the time before the next try: doubling up to a cap, between half and all of it by chance."""
    longest = min(timedelta(seconds=2.0 ** min(attempts, 20)), LONGEST_WAIT)
    return longest * (0.5 + random / 2)


def name_of(error: Exception) -> str:
    """Name an error's type, which is all that may be kept of it (Rule P1)."""
    return f"{type(error).__module__}.{type(error).__qualname__}"[:200]


@transaction_required
def _give_up(mine: QuerySet[ErasureStep], request_id: UUID, error: Exception, now: datetime) -> None:
    step_id = mine.values_list("id", flat=True).first()
    is_stuck = mine.update(
        state=StepState.STUCK,
        stuck_at=now,
        leased_until_at=None,
        failures=MOST_FAILURES,
        last_error=name_of(error),
    )
    crash_point("step.stuck")
    if is_stuck and step_id:
        tell_stuck(request_id=request_id, now=now)
        logs.record("step.stuck", level=logging.ERROR, step=step_id, deletion=request_id)


def _put_back(claimed: Claimed, **changes: Any) -> bool:
    return _settle(claimed, state=StepState.WAITING, leased_until_at=None, **changes)


def _settle(claimed: Claimed, **changes: Any) -> bool:
    return bool(_mine(claimed.id, claimed.epoch).update(**changes))


def _mine(step_id: UUID, epoch: int) -> QuerySet[ErasureStep]:
    return ErasureStep.objects.filter(id=step_id, epoch=epoch, state=StepState.RUNNING)
