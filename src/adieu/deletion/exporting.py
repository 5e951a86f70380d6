"""What the deletion gives to the archive of a person's data: requests that came to nothing yet."""

from collections.abc import Iterator, Sequence
from uuid import UUID

from adieu.core.archiving import Cell, Table
from adieu.deletion.models import DeletionRequest
from adieu.vault.models import Comment


def requests(*, account_id: UUID) -> Table:
    """Give what the person asked for on the way out, and why."""

    def rows() -> Iterator[Sequence[Cell]]:
        found = list(
            DeletionRequest.objects.filter(account_id=account_id)
            .order_by("opened_at")
            .values_list("id", "state", "opened_at", "ended_at", "reason", "verification__sent_at")
        )
        said = Comment.objects.filter(request_id__in=[row[0] for row in found])
        comments = dict(said.values_list("request_id", "text"))
        for row in found:
            yield *row, comments.get(row[0])

    return Table(
        "deletion_requests",
        "Your wish to delete your account, as long as you have not confirmed it.",
        {
            "id": "its id",
            "state": "open, or ended after too many wrong codes",
            "opened_at": "when you asked",
            "ended_at": "when it ended",
            "reason": "the reason you chose",
            "code_sent_at": "when the last code was sent to you",
            "comment": "what you wrote",
        },
        rows,
    )
