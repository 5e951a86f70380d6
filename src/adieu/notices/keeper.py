"""What notices keep of a person: mail that waits to be sent to them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from adieu.core.archiving import Table
from adieu.core.keeping import Blocker, Description, Override, Step, StepSpec, Subject
from adieu.kit.crashing import crash_point
from adieu.notices.exporting import waiting
from adieu.notices.models import Notice, NoticeState
from adieu.notices.operations import drop
from adieu.vault import operations as vault
from adieu.vault.emptying import leave_no_byte
from adieu.vault.models import Mail

ERASE_MAIL = "erase_mail"


class NoticesKeeper:
    """Keeps mail that waits."""

    name = "notices"

    def find_blockers(self, *, account_id: UUID) -> Sequence[Blocker]:
        """Mail never blocks."""
        return ()

    def describe(self, *, account_id: UUID) -> Description:
        """Mail that waits is too small a thing to list."""
        return Description()

    def export(self, *, account_id: UUID) -> Sequence[Table]:
        """Give the mails that wait."""
        return (waiting(account_id=account_id),)

    def settle_blockers(self, *, account_id: UUID, override: Override | None, now: datetime) -> None:
        """Nothing here is ever in the way."""

    def set_locked(self, *, account_id: UUID, locked_at: datetime | None) -> None:
        """Nothing here lets anybody in."""

    def owned(self, *, account_id: UUID) -> Sequence[Subject]:
        """Nothing here can be owned."""
        del account_id
        return ()

    def lock(self, *, account_id: UUID) -> None:
        """There is nothing to lock: what is owed is ended by one conditional update."""

    def erase_now(self, *, account_id: UUID, now: datetime) -> None:
        """End what is owed to the person; the farewell is owed later."""
        drop(account_id=account_id, now=now)

    def steps(self, *, account_id: UUID) -> Sequence[StepSpec]:
        """Declare the erasing of the mails themselves."""
        return (StepSpec(name=ERASE_MAIL, title="Erase mail that was waiting to be sent to you"),)

    def run(self, *, step: Step, now: datetime) -> None:
        """Erase the mails whose notices have ended; one that is owed after the deletion is not touched.

        Raises:
            NotYet: somebody keeps reading the vault.
        """
        theirs = Mail.objects.filter(account_id=step.account_id).values_list("notice_id", flat=True)
        owed = Notice.objects.filter(id__in=list(theirs), state=NoticeState.OWED).values_list("id", flat=True)
        vault.erase_mails(notice_ids=set(theirs) - set(owed))
        crash_point("notices.mail_erased")
        # Also when nothing was left to erase: the worker before may have ended between the two.
        leave_no_byte()

    def residue(self, *, account_id: UUID) -> Sequence[str]:
        """Find mail that still waits."""
        found = []
        if Notice.objects.filter(account_id=account_id, state=NoticeState.OWED).exists():
            found.append("a notice that is owed")
        if Mail.objects.filter(account_id=account_id).exists():
            found.append("a mail in the vault")
        return found
