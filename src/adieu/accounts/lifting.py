"""Lifting a retired address, which only an operator does, with a reason that is recorded (Rule C6)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from adieu.accounts.addresses import KIND
from adieu.activities.kinds import OperatorKind, OperatorReason
from adieu.activities.operator_log import record_act
from adieu.identities import operations as identities
from adieu.identities.queries import all_keys_for
from adieu.kit.transactions import transaction, transaction_required
from adieu.ledger.entries import Kind
from adieu.ledger.owing import owe_line
from adieu.ledger.replaying import register


@transaction
def lift(*, address: str, reason: OperatorReason, actor_id: UUID | None, now: datetime) -> None:
    """Let an address be used for an account again.

    Args:
        address: In any spelling.
        reason: Why.
        actor_id: Which operator's account; None for a command on the machine itself.
        now: The present.

    Raises:
        NotRetired: it is free, or somebody's.
        NotAnAddress: it has no canonical form.
    """
    keys = identities.lift(kind=KIND, identifier=address)
    for key in keys:
        record_act(
            kind=OperatorKind.IDENTITY_LIFTED, reason=reason, subject_id=key, actor_id=actor_id, now=now
        )
    # A restored database would retire it again, and has to lift it again after that (Rule L2); it may be
    # older than the pepper in use, and have the address under an earlier one.
    every_key = all_keys_for(kind=KIND, identifier=address)
    owe_line(kind=Kind.LIFTED, body={"keys": every_key}, now=now)


def register_replayer() -> None:
    """Tell the ledger who lifts addresses again."""
    register(Kind.LIFTED, replay_lifted)


@transaction_required
def replay_lifted(*, body: Mapping[str, Any], made_at: datetime, now: datetime) -> None:
    """Lift what a restored database has retired."""
    del made_at, now
    for key in body["keys"]:
        identities.lift_key(key=key)
