"""What the ledger is told before a deletion happens, and how that is settled when it did not (Rule L1).

Note [Intents]

The ledger learns of a deletion before the point of no return: were it told afterwards only, a crash in
between and a restore would bring the person back. So a confirmation has three parts. First all is checked
under lock, the request gets a fence, and the ledger the intent, with the same fence. Then the point of no
return checks all of it again, the fence included. What became of it is a line that is owed in the same
transaction (Note [Owed lines]): `confirmed` by the point of no return, `aborted` by whoever takes the fence
away.

So who finds an intent without an end in the ledger asks the request. It has the fence: the confirmation was
cut off, or is being made by another process at this moment; taking the fence away ends it either way, because
its point of no return finds another fence and refuses. It has no such fence, and no line is owed: this
database is older than the intent, which only a restore can bring about (a backup from between fence and
deletion is put back without the fence: `ops/remembering.py`). What it cannot tell is not guessed:
the account is locked with its addresses, and the operator settles it.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import DatabaseError

from adieu.core.keeping import Description
from adieu.deletion.keepers import all_keepers, describe
from adieu.deletion.models import DeletionRequest
from adieu.identities.operations import free_keys, hold_keys
from adieu.identities.queries import versioned_keys_of_account
from adieu.kit import sql
from adieu.kit.crashing import crash_point
from adieu.kit.errors import Fact
from adieu.kit.transactions import transaction, transaction_required
from adieu.ledger.entries import Kind, LedgerDamaged
from adieu.ledger.models import Change
from adieu.ledger.owing import append_owed, owe_line
from adieu.ledger.replaying import lock_mark
from adieu.ledger.stores import Store, UnableToAppend

# Longer than a confirmation takes; until then another one waits for it.
INTENT_LIVES = timedelta(minutes=1)


class ConfirmationUnderWay(Fact):
    """The deletion is being confirmed at this moment, or a confirmation was cut off a moment ago."""


@dataclass(frozen=True)
class Intent:
    """A confirmation that the ledger knows of."""

    deletion_id: UUID
    account_id: UUID
    fence: UUID
    keys: tuple[tuple[str, int, int], ...]
    """Claim keys, each with the versions of rule and pepper."""
    is_by_operator: bool = False

    @property
    def body(self) -> dict[str, Any]:
        """What the ledger's lines say."""
        by = {"by_operator": True} if self.is_by_operator else {}
        return {
            "deletion": str(self.deletion_id),
            "account": str(self.account_id),
            "fence": str(self.fence),
            "keys": [list(key) for key in self.keys],
            **by,
        }


def read_intent(body: Mapping[str, Any]) -> Intent:
    """Read what a line of the ledger says."""
    keys = tuple((key, rule, pepper) for key, rule, pepper in body["keys"])
    deletion_id, account_id, fence = (UUID(body[name]) for name in ("deletion", "account", "fence"))
    return Intent(deletion_id, account_id, fence, keys, is_by_operator=bool(body.get("by_operator")))


@transaction_required
def intend(
    request: DeletionRequest,
    *,
    account_id: UUID,
    now: datetime,
    is_by_operator: bool = False,
    also: Description | None = None,
) -> Intent:
    """Give a locked request the fence of a new confirmation, and note what there is, for the receipt.

    It is counted here, because afterwards it is gone, and the point of no return is kept short.

    Args:
        request: Which.
        account_id: Who goes.
        now: The present.
        is_by_operator: Whether an operator confirms.
        also: What goes and who is told besides.

    Raises:
        ConfirmationUnderWay: there is one that may still be going on.
    """
    if request.intended_at is not None and now < request.intended_at + INTENT_LIVES:
        raise ConfirmationUnderWay
    if request.intent_fence is not None:
        _owe_aborted(request.intent_fence, now=now)
    keys = tuple(versioned_keys_of_account(account_id))
    intent = Intent(request.id, account_id, uuid4(), keys, is_by_operator=is_by_operator)
    described = describe(account_id=account_id).joined(also) if also else describe(account_id=account_id)
    sql.run(
        "UPDATE deletion_deletionrequest SET intent_fence = %s, intended_at = %s, described = %s,"
        " is_by_operator = %s WHERE id = %s",
        [intent.fence, now, sql.as_json(asdict(described)), is_by_operator, request.id],
    )
    return intent


def announce(intent: Intent, *, store: Store, now: datetime) -> None:
    """Tell the ledger what is intended, before anything is done, and before that what it is owed.

    A replay has to find an organization handed over when it repeats what made that necessary.

    Raises:
        UnableToAppend: it could not be told; the confirmation is over.
    """
    crash_point("intent.fenced")
    try:
        append_owed(store=store, now=now)
        store.append(kind=Kind.INTENT, body=intent.body, now=now)
    except UnableToAppend:
        give_up(intent, now=now)
        raise


def require_fence(request: DeletionRequest, intent: Intent) -> None:
    """Make sure that a locked request still belongs to this confirmation.

    Raises:
        ConfirmationUnderWay: it was settled meanwhile, and perhaps another has begun.
    """
    if request.intent_fence != intent.fence:
        raise ConfirmationUnderWay


@transaction_required
def owe_confirmed(intent: Intent, *, now: datetime) -> None:
    """Owe the ledger the line that the deletion happened, in the transaction in which it does."""
    owe_line(kind=Kind.CONFIRMED, body=intent.body, now=now)


def give_up(intent: Intent, *, now: datetime) -> bool:
    """Take the fence away, unless the point of no return was passed, and owe the line that says so.

    Returns:
        Whether it was this intent that ended here.
    """
    with transaction():
        request = _locked(intent.deletion_id)
        if request is None or request.intent_fence != intent.fence or request.confirmed_at is not None:
            return False
        forget_intent(request, now=now)
    crash_point("intent.given_up")
    return True


@transaction_required
def forget_intent(request: DeletionRequest, *, now: datetime) -> None:
    """Take the fence of a locked request away, if it has one, and owe the ledger the line that says so.

    A request that nobody but an operator made goes: its person has not asked for anything.
    """
    if request.intent_fence is None:
        return
    _owe_aborted(request.intent_fence, now=now)
    rows = DeletionRequest.objects.filter(id=request.id)
    if request.reason:
        rows.update(intent_fence=None, intended_at=None, is_by_operator=False)
    else:
        rows.delete()


def settle(intent: Intent, *, number: int, now: datetime) -> None:
    """Settle an intent whose end the ledger does not know; see Note [Intents].

    Args:
        intent: Which.
        number: Where it stands in the ledger.
        now: The present.
    """
    if give_up(intent, now=now):
        return
    with transaction():
        # There may be no request to lock, and of two that start at once one settles it.
        lock_mark()
        # What was owed meanwhile is the end; the lock is what makes this look the last word.
        _locked(intent.deletion_id)
        ends = Change.objects.filter(
            kind__in=[Kind.CONFIRMED, Kind.ABORTED, Kind.UNSETTLED], body__fence=str(intent.fence)
        )
        if not ends.exists():
            _settle_unknown(intent, now=now)
        elif not ends.exclude(number__lt=number).exists():
            # Its writer stalled, and it was given up before its own line was written: said again, after it.
            _owe_aborted(intent.fence, now=now)
    crash_point("intent.settled")


@transaction_required
def _settle_unknown(intent: Intent, *, now: datetime) -> None:
    if DeletionRequest.objects.filter(former_account_id=intent.account_id).exists():
        # Another confirmation passed, and took along what told of this one, which did not.
        _owe_aborted(intent.fence, now=now)
    else:
        shut_out(intent, since=now)
        owe_line(kind=Kind.UNSETTLED, body=intent.body, now=now)


@transaction_required
def shut_out(intent: Intent, *, since: datetime) -> None:
    """Let nobody use an account of which nobody knows whether it was deleted, nor claim its addresses."""
    _set_locked(intent, locked_at=since)
    # The account may be younger than the backup, or its address; somebody else could have it meanwhile.
    hold_keys(keys=intent.keys, since=since)


@transaction_required
def let_in(intent: Intent) -> None:
    """Let its person use the account again."""
    _set_locked(intent, locked_at=None)
    for line in Change.objects.filter(kind=Kind.UNSETTLED, body__fence=str(intent.fence)):
        free_keys(keys=intent.keys, since=line.made_at)


def _set_locked(intent: Intent, *, locked_at: datetime | None) -> None:
    for keeper in all_keepers():
        keeper.set_locked(account_id=intent.account_id, locked_at=locked_at)


def tell(*, store: Store, now: datetime) -> None:
    """Append what is owed at once if possible, in its order; else the worker does it."""
    try:
        append_owed(store=store, now=now)
    except (UnableToAppend, LedgerDamaged, DatabaseError):
        # The line is owed in the database, so nothing is lost but time; and what was done is done.
        return


def _locked(deletion_id: UUID) -> DeletionRequest | None:
    return DeletionRequest.objects.select_for_update().filter(id=deletion_id).first()


@transaction_required
def _owe_aborted(fence: UUID, *, now: datetime) -> None:
    owe_line(kind=Kind.ABORTED, body={"fence": str(fence)}, now=now)
