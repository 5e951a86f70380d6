"""How deletions are going, in numbers that say nothing of anybody."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min, Sum

from adieu.deletion.models import DeletionRequest, ErasureStep, RequestState, StepState
from adieu.deletion.promises import PROMISE
from adieu.ledger.models import Change
from adieu.notices.models import Notice, NoticeState


@dataclass(frozen=True)
class Numbers:
    """What an operator watches."""

    deletions: Mapping[str, int]
    """How many there are in each state."""
    steps: Mapping[str, int]
    """How many steps of deletions that are not over there are in each state."""
    late: int
    """How many deletions take longer than promised."""
    oldest: float
    """The age of the oldest deletion that is not completed, in seconds; 0 if there is none."""
    retries: int
    """How often steps that are not done have failed."""
    notices_owed: int
    lines_owed: int


def numbers(*, now: datetime) -> Numbers:
    """Count what there is."""
    erasing = DeletionRequest.objects.filter(state=RequestState.ERASING)
    undone = ErasureStep.objects.exclude(state=StepState.DONE)
    oldest = erasing.aggregate(at=Min("confirmed_at"))["at"]
    return Numbers(
        deletions=_by_state(DeletionRequest.objects.values_list("state").annotate(Count("id")), RequestState),
        steps=_by_state(
            undone.values_list("state").annotate(Count("id")),
            [state for state in StepState if state != StepState.DONE],
        ),
        late=erasing.filter(confirmed_at__lt=now - PROMISE).count(),
        oldest=(now - oldest).total_seconds() if oldest else 0.0,
        retries=undone.aggregate(count=Sum("failures"))["count"] or 0,
        notices_owed=Notice.objects.filter(state=NoticeState.OWED).count(),
        lines_owed=Change.objects.filter(number__isnull=True).count(),
    )


def _by_state(counted: Iterable[tuple[str, int]], states: Iterable[str]) -> Mapping[str, int]:
    """Tell of each state, also of those that nothing is in."""
    found = dict(counted)
    return {str(state): found.get(state, 0) for state in states}
