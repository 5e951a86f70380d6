"""Erasing again what the ledger says was erased, in a database that does not know it (Rule L2)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from adieu.deletion.crossing import declare_steps, erase
from adieu.deletion.intents import Intent, let_in, read_intent, shut_out
from adieu.deletion.keepers import lock_all, settle_blockers
from adieu.deletion.models import DeletionRequest, RequestState
from adieu.identities.operations import retire_keys
from adieu.kit.crashing import crash_point
from adieu.kit.transactions import transaction_required
from adieu.ledger.entries import Kind
from adieu.ledger.replaying import register


def register_replayers() -> None:
    """Tell the ledger who makes its lines about deletions true again."""
    register(Kind.CONFIRMED, replay_confirmed)
    register(Kind.UNSETTLED, replay_unsettled)
    register(Kind.ABORTED, replay_aborted)


@transaction_required
def replay_confirmed(*, body: Mapping[str, Any], made_at: datetime, now: datetime) -> None:
    """Erase an account once more, if this database still has it, and retire its addresses."""
    intent = read_intent(body)
    # Erased here already, by an operator's word about an intent that nobody could settle.
    if not DeletionRequest.objects.filter(id=intent.deletion_id, confirmed_at__isnull=False).exists():
        erase_again(intent, confirmed_at=made_at, now=now)


@transaction_required
def replay_unsettled(*, body: Mapping[str, Any], made_at: datetime, now: datetime) -> None:
    """Lock an account of which the operator has not said yet whether it was deleted."""
    del now
    intent = read_intent(body)
    if not DeletionRequest.objects.filter(id=intent.deletion_id, confirmed_at__isnull=False).exists():
        shut_out(intent, since=made_at)


@transaction_required
def replay_aborted(*, body: Mapping[str, Any], made_at: datetime, now: datetime) -> None:
    """Let somebody in again of whom the operator has said that they were not deleted."""
    del made_at, now
    if "keys" in body:
        let_in(read_intent(body))


@transaction_required
def erase_again(intent: Intent, *, confirmed_at: datetime, now: datetime) -> None:
    """Do what the point of no return did, without asking anybody.

    The account goes by its id; the keys only retire addresses, whoever may hold them now. What is in the way
    is settled by each keeper. What the person was told, ticked and counted is not told, ticked and counted
    again.
    """
    lock_all(account_id=intent.account_id)
    settle_blockers(account_id=intent.account_id, override=None, now=now)
    crash_point("replay.blockers_settled")
    _write_request(intent, confirmed_at=confirmed_at, now=now)
    steps = declare_steps(account_id=intent.account_id)
    erase(steps, account_id=intent.account_id, deletion_id=intent.deletion_id, now=now)
    retire_keys(keys=intent.keys, now=confirmed_at)
    crash_point("replay.keys_retired")


def _write_request(intent: Intent, *, confirmed_at: datetime, now: datetime) -> None:
    """Write the deletion under the id it had; the link to its page works again."""
    earlier = DeletionRequest.objects.filter(id=intent.deletion_id).first()
    # Its code, if one was sent, goes with it.
    DeletionRequest.objects.filter(id=intent.deletion_id).delete()
    DeletionRequest.objects.create(
        id=intent.deletion_id,
        former_account_id=intent.account_id,
        state=RequestState.ERASING,
        opened_at=earlier.opened_at if earlier else confirmed_at,
        confirmed_at=confirmed_at,
        replayed_at=now,
        is_by_operator=intent.is_by_operator,
    )
