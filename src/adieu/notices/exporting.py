"""What notices give to the archive of a person's data."""

from collections.abc import Iterator, Sequence
from uuid import UUID

from adieu.core.archiving import Cell, Table
from adieu.notices.models import Notice, NoticeState


def waiting(*, account_id: UUID) -> Table:
    """Give the mails that are on their way to the person."""

    def rows() -> Iterator[Sequence[Cell]]:
        owed = Notice.objects.filter(account_id=account_id, state=NoticeState.OWED).order_by("owed_at")
        yield from owed.values_list("id", "kind", "owed_at", "attempts", "next_attempt_at", "give_up_at")

    return Table(
        "waiting_mails",
        "Mails that wait to be sent to you. What they say comes with them: a mail may hold a code or a link"
        " that only your mailbox shall have.",
        {
            "id": "its id",
            "kind": "what it is about",
            "owed_at": "since when it waits",
            "attempts": "how often it was tried to send it",
            "next_attempt_at": "when it is tried next",
            "give_up_at": "when it is not worth sending any more",
        },
        rows,
    )
