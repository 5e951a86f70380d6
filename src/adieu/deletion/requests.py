"""Opening and cancelling a deletion request: everything before a code is asked for (Rules D1 to D3)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import QuerySet

from adieu.core.keeping import Blocker
from adieu.deletion.intents import forget_intent
from adieu.deletion.keepers import find_blockers
from adieu.deletion.models import DeletionRequest, Reason, RequestState
from adieu.kit import sql
from adieu.kit.errors import Fact
from adieu.kit.transactions import transaction, transaction_required
from adieu.vault.comments import forget_comment, keep_comment
from adieu.vault.fields import TooLong, UnusableCharacter, comment_field

ABANDONED_AFTER = timedelta(hours=24)


class DeletionBlocked(Fact):
    """Something has to be settled before the account can go."""

    def __init__(self, blockers: Sequence[Blocker]) -> None:
        """Remember what blocks."""
        super().__init__()
        self.blockers = tuple(blockers)


class ReasonNotKnown(Fact):
    """Choose one of the reasons."""


class CommentNotAllowed(Fact):
    """A comment has at most 1,000 characters, all of which can be seen."""


class NoOpenRequest(Fact):
    """There is no open deletion request for this account. It starts with the feedback step."""


def refuse_if_blocked(*, account_id: UUID) -> None:
    """Raise all blockers at once.

    Raises:
        DeletionBlocked: there is at least one.
    """
    blockers = find_blockers(account_id=account_id)
    if blockers:
        raise DeletionBlocked(blockers)


def open_requests(*, account_id: UUID) -> QuerySet[DeletionRequest]:
    """Give what a person has asked for; a request without a reason is an operator's."""
    requests = DeletionRequest.objects.filter(account_id=account_id, state=RequestState.OPEN)
    return requests.exclude(reason="")


def open_request(*, account_id: UUID, reason: str, comment: str, now: datetime) -> DeletionRequest:
    """Open a deletion request, or change the reason of the open one.

    Args:
        account_id: Who wants to leave.
        reason: One of `Reason`.
        comment: Free text of at most 1,000 characters, kept in the vault until the point of no return.
        now: The present.

    Raises:
        DeletionBlocked: something must be settled first; nothing was written.
        ReasonNotKnown: the reason is not on the list.
        CommentNotAllowed: the comment is too long or has characters that cannot be seen.
    """
    if reason not in Reason.values:
        raise ReasonNotKnown
    _refuse_unfit_comment(comment)
    refuse_if_blocked(account_id=account_id)
    request = _open_row(account_id=account_id, reason=Reason(reason), now=now)
    keep_comment(request_id=request.id, text=comment)
    return request


def _refuse_unfit_comment(comment: str) -> None:
    # Before the row is written: the vault would refuse it after that.
    try:
        comment_field(comment)
    except (TooLong, UnusableCharacter) as unfit:
        raise CommentNotAllowed from unfit


@transaction
def _open_row(*, account_id: UUID, reason: Reason, now: datetime) -> DeletionRequest:
    # Two tabs at once: the second insert meets the unique index, and both change the one row.
    row = DeletionRequest(account_id=account_id, reason=reason, opened_at=now)
    sql.run(
        "INSERT INTO deletion_deletionrequest (id, account_id, state, reason, opened_at)"
        " VALUES (%s, %s, 'open', %s, %s) ON CONFLICT DO NOTHING",
        [row.id, account_id, reason.value, now],
    )
    DeletionRequest.objects.filter(account_id=account_id, state=RequestState.OPEN).update(reason=reason)
    return DeletionRequest.objects.get(account_id=account_id, state=RequestState.OPEN)


def cancel(*, account_id: UUID, now: datetime) -> None:
    """Forget everything about the wish to leave: a cancelled request leaves nothing (Rule D3).

    Raises:
        NoOpenRequest: there is nothing to cancel, perhaps because the account is going already.
    """
    with transaction():
        ids = _forget(DeletionRequest.objects.filter(account_id=account_id), now=now)
        if not ids:
            raise NoOpenRequest
    for request_id in ids:
        forget_comment(request_id=request_id)


def sweep(*, now: datetime) -> int:
    """Forget requests that were opened a day ago and never confirmed (Rule A8)."""
    with transaction():
        old = DeletionRequest.objects.filter(account__isnull=False, opened_at__lte=now - ABANDONED_AFTER)
        ids = _forget(old, now=now)
    for request_id in ids:
        forget_comment(request_id=request_id)
    return len(ids)


@transaction_required
def _forget(requests: QuerySet[DeletionRequest], *, now: datetime) -> list[UUID]:
    """Take requests away, and give their ids; the ledger hears of a confirmation that ends with one."""
    locked = list(requests.select_for_update())
    for request in locked:
        # Who is in the middle of confirming finds no request any more, and has changed nothing.
        forget_intent(request, now=now)
    ids = [request.id for request in locked]
    DeletionRequest.objects.filter(id__in=ids).delete()
    return ids
