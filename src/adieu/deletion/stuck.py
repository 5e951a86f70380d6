"""What an operator sees of deletions that are under way, and how a stuck step goes on (Rule D8).

Everything here is opaque: ids, states, times, and the types of errors.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from adieu.deletion.models import DeletionRequest, ErasureStep, RequestState, StepState
from adieu.deletion.promises import PROMISE
from adieu.kit.errors import Fact
from adieu.kit.paging import Asked, page_of
from adieu.kit.transactions import transaction


class NothingStuck(Fact):
    """No step is stuck under this id."""


@dataclass(frozen=True)
class UnfinishedStep:
    """A step that is not done."""

    id: UUID
    name: str
    state: StepState
    attempts: int
    failures: int
    last_error: str
    stuck_at: datetime | None


@dataclass(frozen=True)
class UnfinishedDeletion:
    """A deletion that has steps to do."""

    id: UUID
    state: RequestState
    confirmed_at: datetime
    steps: tuple[UnfinishedStep, ...]

    @property
    def is_waiting_for_mail(self) -> bool:
        """Whether all is erased but the address that the last mail goes to."""
        return self.state == RequestState.COMPLETED and not self.is_stuck

    def is_late(self, now: datetime) -> bool:
        """Tell whether it takes longer than promised; a completed one only waits for its mail."""
        return self.state == RequestState.ERASING and now - self.confirmed_at > PROMISE

    @property
    def is_stuck(self) -> bool:
        """Whether a step needs the operator."""
        return any(step.state == StepState.STUCK for step in self.steps)


def unfinished(*, only_stuck: bool = False) -> Sequence[UnfinishedDeletion]:
    """List the deletions that are not over, the oldest first."""
    steps = ErasureStep.objects.exclude(state=StepState.DONE)
    chosen = steps.filter(state=StepState.STUCK) if only_stuck else steps
    requests = DeletionRequest.objects.filter(id__in=chosen.values("request_id")).order_by("confirmed_at")
    by_request: dict[UUID, list[UnfinishedStep]] = {}
    for row in steps.filter(request_id__in=[request.id for request in requests]).order_by("position"):
        by_request.setdefault(row.request_id, []).append(_as_unfinished(row))
    return [
        UnfinishedDeletion(
            request.id,
            RequestState(request.state),
            request.confirmed_at or request.opened_at,
            tuple(by_request.get(request.id, ())),
        )
        for request in requests
    ]


def finished(*, paging: Asked) -> dict[str, Any]:
    """Give one page of the deletions that are over, who was completed last first.

    Raises:
        CursorNotKnown: the cursor was not made for this list.
    """
    undone = ErasureStep.objects.exclude(state=StepState.DONE)
    over = DeletionRequest.objects.filter(state=RequestState.COMPLETED).exclude(
        id__in=undone.values("request_id")
    )
    return page_of(over, of="finished deletions", by=("-completed_at", "-id"), paging=paging)


def _as_unfinished(row: ErasureStep) -> UnfinishedStep:
    return UnfinishedStep(
        id=row.id,
        name=f"{row.keeper}.{row.name}",
        state=StepState(row.state),
        attempts=row.attempts,
        failures=row.failures,
        last_error=row.last_error,
        stuck_at=row.stuck_at,
    )


def retry(*, wanted_id: UUID, now: datetime) -> int:
    """Let a stuck step, or all of a deletion, be tried again, and tell how many there were.

    Raises:
        NothingStuck: nothing is stuck under this id.
    """
    retried = _retry(ErasureStep.objects.filter(Q(id=wanted_id) | Q(request_id=wanted_id)), now=now)
    if not retried:
        raise NothingStuck
    return retried


def retry_all(*, now: datetime) -> int:
    """Let every stuck step be tried again, and tell how many there were."""
    return _retry(ErasureStep.objects.all(), now=now)


@transaction
def _retry(steps: QuerySet[ErasureStep], *, now: datetime) -> int:
    # Its epoch stays: the next claim raises it.
    return steps.filter(state=StepState.STUCK).update(
        state=StepState.WAITING, failures=0, asked_at=now, next_attempt_at=now, stuck_at=None
    )
