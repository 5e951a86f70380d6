"""Deletions of which a restored database cannot tell whether they happened; operators can (Rule L1)."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from adieu.activities.kinds import OperatorKind, OperatorReason
from adieu.activities.operator_log import record_act
from adieu.deletion.intents import Intent, let_in, read_intent
from adieu.deletion.replaying import erase_again
from adieu.kit.errors import Fact
from adieu.kit.transactions import transaction
from adieu.ledger.entries import Kind
from adieu.ledger.models import Change
from adieu.ledger.owing import owe_line


class NothingUnsettled(Fact):
    """There is no such deletion that waits to be settled."""


def unsettled_deletions() -> list[tuple[UUID, UUID]]:
    """List those that wait, each by its id and the account's."""
    lines = Change.objects.filter(kind=Kind.UNSETTLED)
    return [(intent.deletion_id, intent.account_id) for intent in _waiting(lines)]


@transaction
def settle(*, deletion_id: UUID, was_erased: bool, now: datetime) -> None:
    """Erase the account once more, or let its person in again.

    Args:
        deletion_id: Which deletion.
        was_erased: What the operator found out.
        now: The present.

    Raises:
        NothingUnsettled: there is no such deletion, or somebody settled it.
    """
    # Under lock: of two operators one settles it.
    lines = Change.objects.select_for_update().filter(kind=Kind.UNSETTLED, body__deletion=str(deletion_id))
    intent = next(_waiting(lines), None)
    if intent is None:
        raise NothingUnsettled
    if was_erased:
        erase_again(intent, confirmed_at=now, now=now)
    else:
        let_in(intent)
    owe_line(kind=Kind.CONFIRMED if was_erased else Kind.ABORTED, body=intent.body, now=now)
    record_act(
        kind=OperatorKind.DELETION_SETTLED,
        reason=OperatorReason.RESTORE,
        subject_id=str(deletion_id),
        actor_id=None,
        now=now,
    )


def _waiting(lines: QuerySet[Change]) -> Iterator[Intent]:
    """Give the intents of lines that no later line has settled."""
    for line in lines.order_by("id"):
        ends = Change.objects.filter(kind__in=[Kind.CONFIRMED, Kind.ABORTED], body__fence=line.body["fence"])
        if not ends.exists():
            yield read_intent(line.body)
