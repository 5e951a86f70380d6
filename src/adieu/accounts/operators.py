"""Operators: accounts like others, which a command on the machine has named (Rule D12)."""

from datetime import datetime
from uuid import UUID

from adieu.accounts.addresses import KIND
from adieu.accounts.erasing import hold_account
from adieu.accounts.models import Operator
from adieu.accounts.queries import AccountNotFound
from adieu.activities.kinds import OperatorKind, OperatorReason
from adieu.activities.operator_log import record_act
from adieu.identities.queries import holders_of
from adieu.kit.errors import Fact
from adieu.kit.transactions import transaction, transaction_required


class AlreadyOperator(Fact):
    """This account is an operator already."""


class NotAnOperator(Fact):
    """This account is no operator."""


@transaction
def add(*, address: str, now: datetime) -> None:
    """Make the account that has verified an address an operator.

    Args:
        address: In any spelling.
        now: The present.

    Raises:
        NotAnAddress: it has no canonical form.
        AccountNotFound: nobody has verified it here.
        AlreadyOperator: the account is one.
    """
    account_id = _hold_account_with(address)
    _, is_new = Operator.objects.get_or_create(account_id=account_id, defaults={"added_at": now})
    if not is_new:
        raise AlreadyOperator
    _record(OperatorKind.OPERATOR_ADDED, account_id, now)


@transaction
def remove(*, address: str, now: datetime) -> None:
    """Let the account that has verified an address be no operator any more, at once.

    Raises:
        NotAnAddress: it has no canonical form.
        AccountNotFound: nobody has verified it here.
        NotAnOperator: the account is none.
    """
    account_id = _hold_account_with(address)
    removed, _ = Operator.objects.filter(account_id=account_id).delete()
    if not removed:
        raise NotAnOperator
    _record(OperatorKind.OPERATOR_REMOVED, account_id, now)


def is_operator(*, account_id: UUID) -> bool:
    """Tell whether an account is an operator, now."""
    return Operator.objects.filter(account_id=account_id).exists()


def operators() -> list[tuple[UUID, datetime]]:
    """List the operators, each with the time since when."""
    return list(Operator.objects.order_by("added_at", "account_id").values_list("account_id", "added_at"))


@transaction_required
def _hold_account_with(address: str) -> UUID:
    # Only a verified address has a claim (Rule C3).
    account_id = holders_of(kind=KIND, identifiers=[address]).get(address)
    if account_id is None or not hold_account(account_id=account_id):
        raise AccountNotFound
    return account_id


def _record(kind: OperatorKind, account_id: UUID, now: datetime) -> None:
    record_act(kind=kind, reason=OperatorReason.STAFF, subject_id=str(account_id), actor_id=None, now=now)
