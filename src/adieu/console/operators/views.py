"""What operators see: how deletions go, without a word of whose they are, and what operators did."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from adieu.accounts.queries import NOBODY, people
from adieu.activities import operator_log
from adieu.activities.kinds import OperatorKind, OperatorReason
from adieu.activities.models import OperatorAct
from adieu.console.operators.guard import operators_only
from adieu.deletion import stuck
from adieu.deletion.stuck import UnfinishedDeletion
from adieu.kit.paging import DEFAULT_LIMIT, CursorNotKnown
from adieu.vault.queries import Person

MOST_SHOWN = 100
A_COMMAND = "A command on the machine"
GONE = "Deleted account"


@dataclass(frozen=True)
class Place:
    """Where a page of a list begins."""

    cursor: str
    limit: int = DEFAULT_LIMIT


@dataclass(frozen=True)
class Row:
    """A deletion that is not over, as the page shows it."""

    deletion: UnfinishedDeletion
    is_late: bool


@dataclass(frozen=True)
class Line:
    """What an operator did."""

    act: OperatorAct
    who: str
    what: str
    why: str


@operators_only
@require_GET
def deletions(request: HttpRequest) -> HttpResponse:
    """Show deletions that are stuck, under way and finished."""
    try:
        finished = stuck.finished(paging=Place(request.GET.get("cursor", "")))
    except CursorNotKnown:
        return redirect("operators")
    now = timezone.now()
    rows = [Row(deletion, deletion.is_late(now)) for deletion in stuck.unfinished()]
    running = [row for row in rows if not row.deletion.is_stuck]
    context = {
        "stuck": [row for row in rows if row.deletion.is_stuck][:MOST_SHOWN],
        "running": running[:MOST_SHOWN],
        "running_count": len(running),
        "finished": finished,
    }
    return render(request, "console/operators/deletions.html", context)


@operators_only
@require_POST
def retry(request: HttpRequest, wanted_id: UUID) -> HttpResponse:
    """Let a stuck step, or all of a deletion, be tried again."""
    try:
        count = stuck.retry(wanted_id=wanted_id, now=timezone.now())
        messages.success(request, f"{count} {'step is' if count == 1 else 'steps are'} tried again.")
    except stuck.NothingStuck as fact:
        messages.error(request, str(fact))
    return redirect("operators")


@operators_only
@require_GET
def log(request: HttpRequest) -> HttpResponse:
    """Show what operators did, the newest first."""
    try:
        page = operator_log.page(paging=Place(request.GET.get("cursor", "")))
    except CursorNotKnown:
        return redirect("operators_log")
    return render(request, "console/operators/log.html", {"page": page, "lines": _lines(page)})


def _lines(page: dict[str, Any]) -> list[Line]:
    known = people(act.actor_id for act in page["items"] if act.actor_id)
    return [_line(act, known) for act in page["items"]]


def _line(act: OperatorAct, known: dict[UUID, Person]) -> Line:
    person = known.get(act.actor_id, NOBODY) if act.actor_id else NOBODY
    who = (person.name or person.address or GONE) if act.actor_id else A_COMMAND
    return Line(act, who, OperatorKind(act.kind).label, OperatorReason(act.reason).label)
