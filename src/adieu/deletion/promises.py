"""What is promised about how long it takes, and who is told when it takes longer (Rule D8)."""

from datetime import datetime, timedelta
from uuid import UUID

from adieu.deletion.models import DeletionRequest, RequestState
from adieu.kit.crashing import crash_point
from adieu.kit.transactions import transaction, transaction_required
from adieu.notices.operations import owe

# Waiting for a mail server to take the last mail is not part of it: by then all else is erased.
PROMISE = timedelta(hours=1)
PROMISE_IN_WORDS = "an hour"
MAIL_LIVES = timedelta(days=2)
NOTICE_OF_DELAY = "deletion.late"
NOTICE_OF_STUCK = "deletion.stuck"


def tell_late(*, now: datetime) -> int:
    """Owe one mail to each person whose deletion takes longer than promised, and tell how many there were.

    Who was told that somebody has to help knows that already.
    """
    late = DeletionRequest.objects.filter(
        state=RequestState.ERASING,
        confirmed_at__lte=now - PROMISE,
        told_late_at__isnull=True,
        told_stuck_at__isnull=True,
    )
    return sum(_tell_late(request_id, now=now) for request_id in late.values_list("id", flat=True))


@transaction
def _tell_late(request_id: UUID, *, now: datetime) -> bool:
    # Two workers at once, or a deletion that is completed meanwhile: the update decides.
    told = DeletionRequest.objects.filter(
        id=request_id, state=RequestState.ERASING, told_late_at__isnull=True, told_stuck_at__isnull=True
    ).update(told_late_at=now)
    crash_point("late.noted")
    if told:
        _owe(NOTICE_OF_DELAY, request_id, now)
    crash_point("late.told")
    return bool(told)


@transaction_required
def tell_stuck(*, request_id: UUID, now: datetime) -> None:
    """Owe the person one mail that somebody has to help, in the transaction that finds a step stuck."""
    told = DeletionRequest.objects.filter(id=request_id, told_stuck_at__isnull=True).update(told_stuck_at=now)
    crash_point("stuck.noted")
    if told:
        _owe(NOTICE_OF_STUCK, request_id, now)
    crash_point("stuck.told")


def _owe(kind: str, request_id: UUID, now: datetime) -> None:
    account_id = DeletionRequest.objects.values_list("former_account_id", flat=True).get(id=request_id)
    owe(
        kind=kind,
        now=now,
        give_up_after=MAIL_LIVES,
        account_id=account_id,
        payload={"deletion_id": str(request_id)},
    )
