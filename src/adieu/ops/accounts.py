"""`adieu accounts delete`: deleting somebody's account on their request (Rule D12)."""

import sys
from argparse import Namespace
from collections.abc import Callable, Iterator
from uuid import UUID

from django.utils import timezone

from adieu.accounts.addresses import KIND
from adieu.accounts.queries import AccountNotFound
from adieu.activities.kinds import OperatorReason
from adieu.core.canonical import NotAnAddress
from adieu.core.keeping import Blocker, Override
from adieu.deletion.intents import ConfirmationUnderWay
from adieu.deletion.on_request import (
    AccountUnsettled,
    HeirIsLeaver,
    HeirUnsettled,
    NotTheirAddress,
    Order,
    delete_on_request,
)
from adieu.deletion.requests import DeletionBlocked
from adieu.identities.queries import holders_of
from adieu.kit.errors import Fact
from adieu.ledger.stores import UnableToAppend
from adieu.tenancy import ownership

STDIN = "-"


class InTheWay(Fact):
    """Nothing was deleted, because something is in the way."""

    def __init__(self, blocked: DeletionBlocked) -> None:
        super().__init__()
        self.blockers = blocked.blockers

    def __str__(self) -> str:
        """Name all of it, each in a line."""
        ends = "Say what becomes of it: --hand-over-to ADDRESS or --delete-orphaned-organizations."
        return "\n".join([super().__str__(), *map(_named, self.blockers), ends])


class HeirNotFound(Fact):
    """Nobody here has the address that things should be handed over to. Nothing was deleted."""


def delete(chosen: Namespace) -> Iterator[str]:
    """Delete the account of an address.

    Raises:
        Fact: one of REFUSALS; nothing was changed.
    """
    now, reason = timezone.now(), OperatorReason(chosen.reason)
    address = _given(chosen.email)
    order = Order(
        account_id=_account_of(address, AccountNotFound),
        address=address,
        reason=reason,
        override=_override(chosen, reason),
    )
    try:
        deletion_id = delete_on_request(order, now=now)
    except DeletionBlocked as blocked:
        raise InTheWay(blocked) from blocked
    yield f"The account is gone. Deletion {deletion_id} erases the rest; its person is told by mail."


def _override(chosen: Namespace, reason: OperatorReason) -> Override | None:
    if chosen.hand_over_to:
        heir = _account_of(_given(chosen.hand_over_to), HeirNotFound)
        return Override(reason, actor_id=None, heir_id=heir)
    return Override(reason, actor_id=None) if chosen.delete_orphaned_organizations else None


def _given(word: str) -> str:
    """Give an address, or read it from the next line of standard input."""
    return sys.stdin.readline().strip() if word == STDIN else word


def _account_of(address: str, refusal: type[Fact]) -> UUID:
    holders = holders_of(kind=KIND, identifiers=[address])
    if address not in holders:
        raise refusal
    return holders[address]


def _named(blocker: Blocker) -> str:
    return f"  {blocker.code}: {blocker.subject.kind} {blocker.subject.id} “{blocker.subject.name}”"


REFUSALS = (
    AccountNotFound,
    AccountUnsettled,
    ConfirmationUnderWay,
    HeirIsLeaver,
    HeirNotFound,
    HeirUnsettled,
    InTheWay,
    NotAnAddress,
    NotTheirAddress,
    UnableToAppend,
    ownership.AccountNotFound,
    ownership.TooManyMembers,
)
ACTS: dict[str, Callable[[Namespace], Iterator[str]]] = {"delete": delete}
