"""The point of no return (Rule D6): one transaction; it all happens or none of it.

The ledger hears of it before and after (Note [Intents]). The transaction's statements are written by hand, a
constant number of them: the ORM takes longer to write them than the database to run them.
"""

import json
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from functools import partial
from uuid import UUID, uuid4

from adieu.core.keeping import Keeper, StepSpec
from adieu.deletion import intents
from adieu.deletion.consents import TEXTS, check_consents
from adieu.deletion.intents import Intent
from adieu.deletion.keepers import all_keepers, lock_all
from adieu.deletion.models import DeletionRequest, RequestState, Verification
from adieu.deletion.requests import refuse_if_blocked
from adieu.deletion.verification import lock_verification, refusal_of_code, use_up
from adieu.kit import sql
from adieu.kit.crashing import crash_point
from adieu.kit.errors import Fact
from adieu.kit.transactions import transaction, transaction_required
from adieu.ledger.places import installed_ledger

INSERT_CONSENTS = "INSERT INTO deletion_consent (request_id, text_id, given_at)"
INSERT_STEPS = """
    INSERT INTO deletion_erasurestep (id, request_id, position, keeper, name, title, payload,
    is_after_completion, asked_at, next_attempt_at, state, attempts, failures, last_error, epoch)
"""
type RefusalOf = Callable[[Verification], Fact | None]
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
    ledger = installed_ledger()
    refusal_of = partial(
        refusal_of_code, account_id=account_id, code=code, session_digest=session_digest, now=now
    )
    intent = _intend(refusal_of, account_id=account_id, now=now)
    intents.announce(intent, store=ledger, now=now)
    _cross_as_intended(refusal_of, intent, now=now)
    crash_point("crossing.committed")
    intents.tell(store=ledger, now=now)
    return intent.deletion_id


def _intend(refusal_of: RefusalOf, *, account_id: UUID, now: datetime) -> Intent:
    """Look whether the account can go, and give the request the fence of this confirmation.

    Nothing but the request is locked: the point of no return looks again.
    """
    with transaction():
        verification = lock_verification(account_id=account_id)
        refusal = refusal_of(verification)
        if refusal is None:
            refuse_if_blocked(account_id=account_id)
            intent = intents.intend(verification.request, account_id=account_id, now=now)
    # A refusal that counts a try is committed before it is raised.
    if refusal is not None:
        raise refusal
    return intent


def _cross_as_intended(refusal_of: RefusalOf, intent: Intent, *, now: datetime) -> None:
    """Go, or take back what was announced."""
    try:
        _check_and_cross(refusal_of, intent, now=now)
    except BaseException:
        # If not even this can be written, whoever starts next settles it.
        intents.give_up(intent, now=now)
        raise


def _check_and_cross(refusal_of: RefusalOf, intent: Intent, *, now: datetime) -> None:
    """Lock and check everything again, and erase."""
    with transaction():
        verification = lock_verification(account_id=intent.account_id)
        # Before the look at what the person owns, which must not change between that and the erasing.
        lock_all(account_id=intent.account_id)
        refusal = refusal_of(verification)
        if refusal is None:
            intents.require_fence(verification.request, intent)
            cross(verification, account_id=intent.account_id, now=now)
            intents.owe_confirmed(intent, now=now)
            crash_point("crossing.line_owed")
    if refusal is not None:
        raise refusal


@transaction_required
def cross(verification: Verification, *, account_id: UUID, now: datetime) -> None:
    """Erase the account, whose things are locked, and write down the work that is left.

    Note [The order of erasing]

    Locks came first, from the account row downwards, so that whoever wants to change the person's things, or
    to give them a new one, waits. Now the blockers are looked for again: what another person did a moment ago
    counts (Rule D2). Steps are declared before anything is erased, because they tell what there was. The
    account row goes last; every personal row has a foreign key to it, so a request that was under way fails
    at its commit.
    """
    refuse_if_blocked(account_id=account_id)
    crash_point("crossing.locked")
    use_up(verification, now=now)
    crash_point("crossing.code_used_up")
    steps = declare_steps(account_id=account_id)
    _keep_evidence(verification.request, account_id=account_id, now=now)
    crash_point("crossing.evidence_kept")
    erase(steps, account_id=account_id, deletion_id=verification.request_id, now=now)


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


def _keep_evidence(request: DeletionRequest, *, account_id: UUID, now: datetime) -> None:
    _count_reason(request.reason, week=monday_of(now))
    crash_point("crossing.reason_counted")
    sql.run(
        "UPDATE deletion_deletionrequest SET account_id = NULL, former_account_id = %s, state = %s,"
        " reason = '', confirmed_at = %s WHERE id = %s",
        [account_id, RequestState.ERASING.value, now, request.id],
    )
    crash_point("crossing.request_confirmed")
    sql.run(
        f"{INSERT_CONSENTS} VALUES {', '.join('(%s, %s, %s)' for _ in TEXTS)}",
        [value for text_id in TEXTS for value in (request.id, text_id, now)],
    )
    crash_point("crossing.consents_kept")
    sql.run("DELETE FROM deletion_verification WHERE request_id = %s", [request.id])


def monday_of(moment: datetime) -> date:
    """Give the first day of the week, the finest date a reason is counted by (Rule D3)."""
    return moment.date() - timedelta(days=moment.weekday())


def _count_reason(reason: str, *, week: date) -> None:
    sql.run(
        "INSERT INTO deletion_reasoncount (week, reason, count) VALUES (%s, %s, 1)"
        " ON CONFLICT (week, reason) DO UPDATE SET count = deletion_reasoncount.count + 1",
        [week, reason],
    )
