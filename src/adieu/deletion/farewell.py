"""Completion: the receipt, the last mail, and what goes last, the address it was sent to (Rules D9, D10)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings

from adieu.core.archiving import Table
from adieu.core.keeping import Blocker, Description, NotYet, Override, Step, StepSpec, Subject
from adieu.core.keys import derive_key
from adieu.core.links import FAREWELLS, NotALink
from adieu.core.receipts import ReceiptFile
from adieu.deletion.models import DeletionRequest, ErasureStep, RequestState, StepState
from adieu.deletion.promises import PROMISE
from adieu.deletion.receipts import issue, receipt_file
from adieu.kit import sql
from adieu.kit.crashing import crash_point
from adieu.kit.errors import Fact
from adieu.kit.transactions import transaction_required
from adieu.notices import development
from adieu.notices.operations import owe
from adieu.notices.queries import is_settled
from adieu.vault import operations as vault
from adieu.vault.emptying import leave_no_byte

NOTICE_OF_COMPLETION = "deletion.completed"
FINAL_MAIL_LIVES = timedelta(days=5)
PAGE_LIVES = timedelta(days=90)
ISSUE_RECEIPT = "issue_receipt"
FORGET_ADDRESS = "forget_address"
# What follows the completion, one after the other.
LAST_STEPS = {
    ISSUE_RECEIPT: "Issue your receipt",
    FORGET_ADDRESS: "Tell you by mail, then erase your address",
}


class DeletionNotFound(Fact):
    """This link leads to no deletion, or its 90 days are over."""


@dataclass(frozen=True)
class StepProgress:
    """One line of the farewell page."""

    title: str
    state: StepState
    done_at: datetime | None


@dataclass(frozen=True)
class Progress:
    """What the farewell page shows; it says nothing of who it was."""

    deletion_id: UUID
    state: RequestState
    confirmed_at: datetime
    completed_at: datetime | None
    steps: tuple[StepProgress, ...]
    described: Mapping[str, Any]
    """What goes, what stays and who is told, as it was described to the person; empty after a restore."""
    receipt: ReceiptFile | None
    is_by_operator: bool

    @property
    def done_count(self) -> int:
        """How many steps are done."""
        return sum(step.state == StepState.DONE for step in self.steps)

    @property
    def is_completed(self) -> bool:
        """Whether nothing is left to do but to forget the address of the last mail."""
        return self.state == RequestState.COMPLETED

    @property
    def is_over(self) -> bool:
        """Whether even the address of the last mail is forgotten."""
        return self.is_completed and self.done_count == len(self.steps)

    @property
    def is_stuck(self) -> bool:
        """Whether a step needs the people who run this installation."""
        return any(step.state == StepState.STUCK for step in self.steps)

    @property
    def promised_by_at(self) -> datetime:
        """Until when everything but the last mail was promised to be done."""
        return self.confirmed_at + PROMISE

    @property
    def shown_until_at(self) -> datetime | None:
        """When the page ends; until the deletion is completed it does not."""
        return self.completed_at + PAGE_LIVES if self.completed_at else None

    def is_late(self, now: datetime) -> bool:
        """Tell whether it takes longer than promised; waiting for the last mail does not count."""
        return not self.is_completed and now > self.promised_by_at


def link_token(*, deletion_id: UUID) -> str:
    """Derive the secret part of a deletion's link; it is stored nowhere."""
    return FAREWELLS.token(key=derive_key(settings.ROOT_KEY, "farewell-link"), subject_id=deletion_id)


def progress_by_token(*, token: str, now: datetime) -> Progress:
    """Show how far a deletion is to whoever holds its link, until 90 days after its completion.

    Raises:
        DeletionNotFound: the link was not made here, its deletion is not there, or its time is over.
    """
    try:
        deletion_id = FAREWELLS.read(token, key=derive_key(settings.ROOT_KEY, "farewell-link"))
    except NotALink as error:
        raise DeletionNotFound from error
    request = DeletionRequest.objects.filter(id=deletion_id, confirmed_at__isnull=False).first()
    if request is None or request.confirmed_at is None or _is_over(request, now):
        raise DeletionNotFound
    return Progress(
        deletion_id=request.id,
        state=RequestState(request.state),
        confirmed_at=request.confirmed_at,
        completed_at=request.completed_at,
        steps=tuple(_steps_of(request)),
        described=request.described or {},
        receipt=receipt_file(deletion_id=request.id),
        is_by_operator=request.is_by_operator,
    )


def _steps_of(request: DeletionRequest) -> Iterator[StepProgress]:
    """Give every step, also the last ones before they are declared: a bar that was full stays full."""
    declared = ErasureStep.objects.filter(request=request).order_by("is_after_completion", "position")
    for step in declared:
        yield StepProgress(step.title, StepState(step.state), step.done_at)
    names = {step.name for step in declared}
    for name, title in LAST_STEPS.items():
        if name not in names:
            yield StepProgress(title, StepState.WAITING, None)


def _is_over(request: DeletionRequest, now: datetime) -> bool:
    # The rows stay as evidence; only nobody without a login sees them any more.
    return request.completed_at is not None and now >= request.completed_at + PAGE_LIVES


@transaction_required
def complete_if_done(*, request_id: UUID, now: datetime) -> None:
    """Complete a deletion whose steps are all done, and declare what follows, one after the other (Rule D9).

    First the receipt; once it is there, the last mail, which goes with it, and the end of the address.
    """
    # Two workers may finish the last two steps at once, and neither sees what the other has not committed. So
    # both look under one lock, in a statement after it: whoever comes second sees the first one's step.
    DeletionRequest.objects.select_for_update().filter(id=request_id).values_list("id").first()
    is_completed_now = sql.run(
        "UPDATE deletion_deletionrequest SET state = 'completed', completed_at = %s"
        " WHERE id = %s AND state = 'erasing' AND NOT EXISTS (SELECT 1 FROM deletion_erasurestep"
        " WHERE request_id = %s AND done_at IS NULL)",
        [now, request_id, request_id],
    )
    crash_point("completion.written")
    if is_completed_now:
        _declare(request_id, ISSUE_RECEIPT, position=1, now=now)
    elif _is_mail_next(request_id):
        completed = DeletionRequest.objects.get(id=request_id)
        # After a restore the person is not told a second time.
        notice_id = None if completed.replayed_at else _owe_last_mail(completed, now=now)
        payload = {"notice_id": str(notice_id)} if notice_id else {}
        _declare(request_id, FORGET_ADDRESS, position=2, now=now, payload=payload)


def _is_mail_next(request_id: UUID) -> bool:
    after = ErasureStep.objects.filter(request_id=request_id, is_after_completion=True)
    return list(after.values_list("name", "state")) == [(ISSUE_RECEIPT, StepState.DONE)]


def _declare(
    request_id: UUID, name: str, *, position: int, now: datetime, payload: Mapping[str, str] | None = None
) -> None:
    ErasureStep.objects.create(
        request_id=request_id,
        position=position,
        keeper=FarewellKeeper.name,
        name=name,
        title=LAST_STEPS[name],
        payload=payload or {},
        is_after_completion=True,
        asked_at=now,
        next_attempt_at=now,
    )
    crash_point(f"completion.declared.{name}")


def _owe_last_mail(request: DeletionRequest, *, now: datetime) -> UUID:
    notice_id = owe(
        kind=NOTICE_OF_COMPLETION,
        now=now,
        give_up_after=FINAL_MAIL_LIVES,
        account_id=request.former_account_id,
        payload={"deletion_id": str(request.id)},
    )
    crash_point("completion.mail_owed")
    return notice_id


class FarewellKeeper:
    """Issues the receipt; keeps the address until the last mail was taken, refused or given up (Rule D9)."""

    name = "farewell"

    def find_blockers(self, *, account_id: UUID) -> Sequence[Blocker]:
        """A mail never blocks."""
        del account_id
        return ()

    def describe(self, *, account_id: UUID) -> Description:
        """Tell who is told."""
        del account_id
        return Description(told=("You, by one last mail. Your address is erased after it.",))

    def export(self, *, account_id: UUID) -> Sequence[Table]:
        """Give nothing: what is here begins when the account is gone."""
        del account_id
        return ()

    def settle_blockers(self, *, account_id: UUID, override: Override | None, now: datetime) -> None:
        """Nothing here is ever in the way."""

    def set_locked(self, *, account_id: UUID, locked_at: datetime | None) -> None:
        """Nothing here lets anybody in."""

    def owned(self, *, account_id: UUID) -> Sequence[Subject]:
        """Nothing here can be owned."""
        del account_id
        return ()

    def lock(self, *, account_id: UUID) -> None:
        """There is nothing to lock."""

    def erase_now(self, *, account_id: UUID, now: datetime) -> None:
        """There is nothing to erase yet."""

    def steps(self, *, account_id: UUID) -> Sequence[StepSpec]:
        """The steps are declared at completion, one after the other."""
        del account_id
        return ()

    def run(self, *, step: Step, now: datetime) -> None:
        """Issue the receipt; or erase the vault entry once the mail is settled.

        Raises:
            UnableToIssue: the log of receipts is not what its last head says.
            UnableToAppend, UnableToRead, LedgerDamaged: the ledger cannot be used.
            LeaseLost: another worker issues the receipt.
            NotYet: the mail is still owed, or somebody keeps reading the vault.
        """
        if step.name == ISSUE_RECEIPT:
            issue(step=step, now=now)
        else:
            _forget_address(step)

    def residue(self, *, account_id: UUID) -> Sequence[str]:
        """The vault's own keeper looks for the entry."""
        del account_id
        return ()


def _forget_address(step: Step) -> None:
    notice_id = UUID(step.payload["notice_id"]) if step.payload else None
    if notice_id and not is_settled(notice_id):
        raise NotYet(longest=FINAL_MAIL_LIVES + PROMISE)
    development.forget(account_id=step.account_id, kept=notice_id)
    crash_point("address.development_mail_erased")
    vault.erase(account_id=step.account_id)
    crash_point("address.erased")
    leave_no_byte()
