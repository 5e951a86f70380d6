"""The point of no return (Rule D6): one transaction; it all happens or none of it.

The ledger hears of it before and after (Note [Intents]). The transaction's statements are written by hand, a
constant number of them: the ORM takes longer to write them than the database to run them.
"""

import json
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from uuid import UUID, uuid4

from adieu.core.keeping import Keeper, StepSpec
from adieu.deletion import intents
from adieu.deletion.confirmations import ByCode, Confirmation
from adieu.deletion.consents import check_consents
from adieu.deletion.intents import Intent
from adieu.deletion.keepers import all_keepers, lock_all
from adieu.deletion.models import DeletionRequest, RequestState
from adieu.deletion.requests import refuse_if_blocked
from adieu.kit import sql
from adieu.kit.crashing import crash_point
from adieu.kit.transactions import transaction, transaction_required
from adieu.ledger.places import installed_ledger

INSERT_STEPS = """
    INSERT INTO deletion_erasurestep (id, request_id, position, keeper, name, title, payload,
    is_after_completion, asked_at, next_attempt_at, state, attempts, failures, last_error, epoch)
"""
STEP = "(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 'waiting', 0, 0, '', 0)"


def confirm(
    *, account_id: UUID, code: str, consents: Iterable[str], session_digest: str, now: datetime
) -> UUID:
    """Delete the account for good.

    Args:
        account_id: Who leaves.
        code: What the person typed.
        consents: The ids of the texts that were ticked.
        session_digest: The digest of the session's key that the code was sent from.
        now: The present.

    Returns:
        The deletion's id, for the farewell link.

    Raises:
        ConsentMissing: a box is not ticked; no try was used up.
        NoOpenRequest: there is nothing to confirm, or another confirmation won.
        ConfirmationUnderWay: another confirmation is not over yet.
        NoCodeSent, CodeExpired, CodeOfAnotherSession: a new code is needed.
        OwnThingsChanged: the person has to look again; no try was used up.
        WrongCode, RequestEnded: the code does not match.
        CodeUsedUp: another confirmation used it.
        DeletionBlocked: a blocker appeared; nothing was changed.
        UnableToAppend: the ledger could not be told; nothing was changed.
    """
    check_consents(consents)
    return go(ByCode(account_id=account_id, code=code, session_digest=session_digest), now=now)


def go(confirmation: Confirmation, *, now: datetime) -> UUID:
    """Tell the ledger, pass the point of no return, and tell it again; give the deletion's id."""
    ledger = installed_ledger()
    intent = intend(confirmation, now=now)
    intents.announce(intent, store=ledger, now=now)
    cross_as_intended(confirmation, intent, now=now)
    crash_point("crossing.committed")
    intents.tell(store=ledger, now=now)
    return intent.deletion_id


def intend(confirmation: Confirmation, *, now: datetime) -> Intent:
    """Look whether the account can go, and give the request the fence of this confirmation.

    Nothing but the request is locked: the point of no return looks again.
    """
    with transaction():
        request = confirmation.lock(now=now)
        refusal = confirmation.refusal(now=now)
        if refusal is None:
            also = confirmation.look()
            intent = intents.intend(
                request,
                account_id=confirmation.account_id,
                now=now,
                is_by_operator=confirmation.is_by_operator,
                also=also,
            )
    # A refusal that counts a try is committed before it is raised.
    if refusal is not None:
        raise refusal
    return intent


def cross_as_intended(confirmation: Confirmation, intent: Intent, *, now: datetime) -> None:
    """Go, or take back what was announced."""
    try:
        _check_and_cross(confirmation, intent, now=now)
    except BaseException:
        # If not even this can be written, whoever starts next settles it.
        intents.give_up(intent, now=now)
        raise


def _check_and_cross(confirmation: Confirmation, intent: Intent, *, now: datetime) -> None:
    """Lock and check everything again, and erase."""
    with transaction():
        request = confirmation.lock(now=now)
        # Before the look at what the person owns, which must not change between that and the erasing.
        lock_all(account_id=intent.account_id, heir_id=confirmation.heir_id)
        refusal = confirmation.refusal(now=now)
        if refusal is None:
            intents.require_fence(request, intent)
            cross(confirmation, request, now=now)
            intents.owe_confirmed(intent, now=now)
            crash_point("crossing.line_owed")
    if refusal is not None:
        raise refusal


@transaction_required
def cross(confirmation: Confirmation, request: DeletionRequest, *, now: datetime) -> None:
    """Erase the account, whose things are locked, and write down the work that is left.

    Note [The order of erasing]

    Locks came first, from the account row downwards, so that whoever wants to change the person's things, or
    to give them a new one, waits. Now the blockers are looked for again: what another person did a moment ago
    counts (Rule D2). Steps are declared before anything is erased, because they tell what there was. The
    account row goes last; every personal row has a foreign key to it, so a request that was under way fails
    at its commit.
    """
    account_id = confirmation.account_id
    confirmation.settle(now=now)
    refuse_if_blocked(account_id=account_id)
    crash_point("crossing.locked")
    confirmation.prove(request, now=now)
    steps = declare_steps(account_id=account_id)
    _write_evidence(request, account_id=account_id, now=now)
    confirmation.keep_consents(request, now=now)
    sql.run("DELETE FROM deletion_verification WHERE request_id = %s", [request.id])
    crash_point("crossing.evidence_kept")
    erase(steps, account_id=account_id, deletion_id=request.id, now=now)


@transaction_required
def erase(
    steps: list[tuple[Keeper, StepSpec]], *, account_id: UUID, deletion_id: UUID, now: datetime
) -> None:
    """Erase what every keeper has, and write down the steps that it declared before."""
    for keeper in all_keepers():
        keeper.erase_now(account_id=account_id, now=now)
        crash_point(f"crossing.erased_by.{keeper.name}")
    _write_steps(steps, request_id=deletion_id, now=now)
    crash_point("crossing.steps_written")


def declare_steps(*, account_id: UUID) -> list[tuple[Keeper, StepSpec]]:
    """Ask every keeper what is left to do afterwards, before anything is erased."""
    return [(keeper, spec) for keeper in all_keepers() for spec in keeper.steps(account_id=account_id)]


def _write_steps(declared: list[tuple[Keeper, StepSpec]], *, request_id: UUID, now: datetime) -> None:
    if not declared:
        return
    rows = [
        (uuid4(), request_id, position, keeper.name, spec.name, spec.title, json.dumps(dict(spec.payload)))
        for position, (keeper, spec) in enumerate(declared, start=1)
    ]
    sql.run(
        f"{INSERT_STEPS} VALUES {', '.join(STEP for _ in rows)}",
        [value for row in rows for value in (*row, False, now, now)],
    )


def _write_evidence(request: DeletionRequest, *, account_id: UUID, now: datetime) -> None:
    # Who asked for nothing has given no reason.
    if request.reason:
        _count_reason(request.reason, week=monday_of(now))
    crash_point("crossing.reason_counted")
    sql.run(
        "UPDATE deletion_deletionrequest SET account_id = NULL, former_account_id = %s, state = %s,"
        " reason = '', confirmed_at = %s WHERE id = %s",
        [account_id, RequestState.ERASING.value, now, request.id],
    )
    crash_point("crossing.request_confirmed")


def monday_of(moment: datetime) -> date:
    """Give the first day of the week, the finest date a reason is counted by (Rule D3)."""
    return moment.date() - timedelta(days=moment.weekday())


def _count_reason(reason: str, *, week: date) -> None:
    sql.run(
        "INSERT INTO deletion_reasoncount (week, reason, count) VALUES (%s, %s, 1)"
        " ON CONFLICT (week, reason) DO UPDATE SET count = deletion_reasoncount.count + 1",
        [week, reason],
    )
