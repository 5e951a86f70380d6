"""What operators did, and why: recorded in the transaction that does it (Rules C6, D12, V1)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from adieu.activities.kinds import OperatorKind, OperatorReason
from adieu.activities.models import OperatorAct
from adieu.kit.paging import Asked, page_of
from adieu.kit.transactions import transaction_required


@transaction_required
def record_act(
    *, kind: OperatorKind, reason: OperatorReason, subject_id: str, actor_id: UUID | None, now: datetime
) -> None:
    """Append one act.

    Args:
        kind: What was done.
        reason: Why.
        subject_id: The id of what it was done to, or a claim key.
        actor_id: Which operator's account did it; None for a command on the machine itself.
        now: When.
    """
    OperatorAct.objects.create(
        kind=kind, reason=reason, subject_id=subject_id, actor_id=actor_id, recorded_at=now
    )


def acts() -> list[OperatorAct]:
    """List everything that operators did, the newest first; it is little."""
    return list(OperatorAct.objects.order_by("-recorded_at", "id"))


def page(*, paging: Asked) -> dict[str, Any]:
    """Give one page of them, the newest first.

    Raises:
        CursorNotKnown: the cursor was not made for this list.
    """
    return page_of(OperatorAct.objects.all(), of="operator log", by=("-recorded_at", "-id"), paging=paging)
