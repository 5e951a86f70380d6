"""`adieu deletions`: what is under way, what is stuck, and how it goes on. Nothing shown here is personal."""

from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from django.utils import timezone

from adieu.deletion.models import StepState
from adieu.deletion.stuck import (
    NothingStuck,
    UnfinishedDeletion,
    UnfinishedStep,
    retry,
    retry_all,
    unfinished,
)


def show(chosen: Namespace) -> Iterator[str]:
    """List the deletions that are not over."""
    deletions = unfinished(only_stuck=chosen.stuck)
    yield from _lines(deletions, timezone.now())
    if not deletions:
        yield "No deletion is stuck." if chosen.stuck else "No deletion is under way."


def try_again(chosen: Namespace) -> Iterator[str]:
    """Let one, or else every stuck step be tried again.

    Raises:
        NothingStuck: nothing is stuck under this id.
    """
    now = timezone.now()
    count = retry(wanted_id=chosen.id, now=now) if chosen.id else retry_all(now=now)
    yield f"{count} {'step is' if count == 1 else 'steps are'} tried again."


def findings() -> Iterator[str]:
    """Say of each deletion what `adieu doctor` has to name."""
    for deletion in unfinished():
        stuck = [step for step in deletion.steps if step.state == StepState.STUCK]
        for step in stuck:
            yield (
                f"the deletion {deletion.id} is stuck at {step.name} ({step.last_error});"
                f" `adieu deletions retry {step.id}`"
            )
        if not stuck and deletion.is_late(timezone.now()):
            yield f"the deletion {deletion.id} takes longer than promised; `adieu deletions list`"


def _lines(deletions: Sequence[UnfinishedDeletion], now: datetime) -> Iterator[str]:
    for deletion in deletions:
        state = "waits for its last mail" if deletion.is_waiting_for_mail else deletion.state.value
        late = ", longer than promised" if deletion.is_late(now) else ""
        yield f"deletion {deletion.id}: {state}, confirmed {_age(now - deletion.confirmed_at)} ago{late}"
        for step in deletion.steps:
            yield f"  step {step.id}: {_told(step, now)}"


def _told(step: UnfinishedStep, now: datetime) -> str:
    since = f" for {_age(now - step.stuck_at)}" if step.stuck_at else ""
    attempts = f"{step.attempts} {'attempt' if step.attempts == 1 else 'attempts'}"
    error = f", last error {step.last_error}" if step.last_error else ""
    return f"{step.name}, {step.state.value}{since}, {attempts}, {step.failures} failed{error}"


def _age(age: timedelta) -> str:
    minutes = int(age.total_seconds()) // 60
    hours, days = minutes // 60, minutes // (24 * 60)
    if days:
        return f"{days} d {hours % 24} h"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"


REFUSALS = (NothingStuck,)
ACTS: dict[str, Callable[[Namespace], Iterator[str]]] = {"list": show, "retry": try_again}
