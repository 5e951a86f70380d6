"""What the deletion itself keeps of a person: the requests that came to nothing, and the comment."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from adieu.core.archiving import Table
from adieu.core.keeping import Blocker, Description, Override, Staying, Step, StepSpec, Subject
from adieu.deletion.exporting import requests
from adieu.deletion.models import DeletionRequest, RequestState
from adieu.kit import sql
from adieu.kit.crashing import crash_point
from adieu.vault.comments import forget_comment, loosen_comment
from adieu.vault.emptying import leave_no_byte

PART_COMMENT = "part_comment"
FEEDBACK = Staying(
    "Your reason for leaving, as a number",
    "It is counted by week and reason. A comment, if you wrote one, is kept apart from you.",
    "The number for good, comments until the end of the year",
)
RECORD = Staying(
    "The record of this deletion",
    "It shows when it was asked for, what you agreed to and when each step was done."
    " It does not say who you were.",
    "As long as this installation runs",
)


class DeletionKeeper:
    """Keeps requests of the account that are not the one being confirmed."""

    name = "deletion"

    def find_blockers(self, *, account_id: UUID) -> Sequence[Blocker]:
        """A wish to leave never blocks itself."""
        del account_id
        return ()

    def describe(self, *, account_id: UUID) -> Description:
        """Tell what becomes of the feedback, if any is asked for, and what is kept as evidence."""
        unasked = DeletionRequest.objects.filter(account_id=account_id, state=RequestState.OPEN, reason="")
        return Description(stays=(RECORD,) if unasked.exists() else (FEEDBACK, RECORD))

    def export(self, *, account_id: UUID) -> Sequence[Table]:
        """Give the requests and what was written with them."""
        return (requests(account_id=account_id),)

    def settle_blockers(self, *, account_id: UUID, override: Override | None, now: datetime) -> None:
        """Nothing here is ever in the way."""

    def set_locked(self, *, account_id: UUID, locked_at: datetime | None) -> None:
        """Nothing here lets anybody in."""

    def owned(self, *, account_id: UUID) -> Sequence[Subject]:
        """Nothing here can be owned."""
        del account_id
        return ()

    def lock(self, *, account_id: UUID) -> None:
        """The open request is locked by whoever confirms it, before any keeper is asked."""
        del account_id

    def erase_now(self, *, account_id: UUID, now: datetime) -> None:
        """Erase requests that ended without a deletion."""
        del now
        sql.run("DELETE FROM deletion_deletionrequest WHERE account_id = %s", [account_id])

    def steps(self, *, account_id: UUID) -> Sequence[StepSpec]:
        """The comment is parted from the request after the commit, because it is in the vault (Rule P4)."""
        ended = sql.rows(
            "SELECT id FROM deletion_deletionrequest WHERE account_id = %s AND state = %s",
            [account_id, RequestState.ENDED.value],
        )
        ids = ",".join(str(sql.as_id(request_id)) for (request_id,) in ended)
        return (StepSpec(PART_COMMENT, "Part your comment, if any, from you", {"ended_requests": ids}),)

    def run(self, *, step: Step, now: datetime) -> None:
        """Give the comment a random key and take its request away.

        Raises:
            NotYet: somebody keeps reading the vault.
        """
        del now
        loosen_comment(request_id=step.deletion_id)
        crash_point("comment.loosened")
        for request_id in filter(None, step.payload["ended_requests"].split(",")):
            forget_comment(request_id=UUID(request_id))
        crash_point("comment.parted")
        leave_no_byte()

    def residue(self, *, account_id: UUID) -> Sequence[str]:
        """Name requests that still know the account."""
        left = DeletionRequest.objects.filter(account_id=account_id).exclude(state=RequestState.COMPLETED)
        return ["deletion_deletionrequest"] if left.exists() else []
