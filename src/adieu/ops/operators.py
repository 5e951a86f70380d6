"""`adieu operators` and `adieu log`: who runs this installation, and what they did."""

import sys
from argparse import Namespace
from collections.abc import Callable, Iterator

from django.utils import timezone

from adieu.accounts import operators
from adieu.accounts.queries import NOBODY, AccountNotFound, people
from adieu.activities.kinds import OperatorKind, OperatorReason
from adieu.activities.operator_log import acts
from adieu.core.canonical import NotAnAddress

ASKS = "Address: "


def add(chosen: Namespace) -> Iterator[str]:
    """Make an account an operator.

    Raises:
        AccountNotFound, NotAnAddress, AlreadyOperator: nothing was changed.
    """
    operators.add(address=read_address(), now=timezone.now())
    yield "The account is an operator."


def remove(chosen: Namespace) -> Iterator[str]:
    """Let an account be no operator any more.

    Raises:
        AccountNotFound, NotAnAddress, NotAnOperator: nothing was changed.
    """
    operators.remove(address=read_address(), now=timezone.now())
    yield "The account is no operator any more."


def show(chosen: Namespace) -> Iterator[str]:
    """List the operators, who was named first at the top."""
    listed = operators.operators()
    known = people(account_id for account_id, _ in listed)
    for account_id, added_at in listed:
        address = known.get(account_id, NOBODY).address
        yield f"{account_id}  since {added_at:%Y-%m-%d %H:%M} UTC  {address}".rstrip()
    if not listed:
        yield "There is no operator."


def show_acts(chosen: Namespace) -> Iterator[str]:
    """Tell what operators did, the newest first."""
    for act in acts():
        who = f"operator {act.actor_id}" if act.actor_id else "a command on this machine"
        what, why = OperatorKind(act.kind).label, OperatorReason(act.reason).label
        yield f"{act.recorded_at:%Y-%m-%d %H:%M} UTC  {who} {what}, because {why}: {act.subject_id}"


def read_address() -> str:
    """Read an address from standard input: everybody on this machine could read an argument."""
    if sys.stdin.isatty():
        print(ASKS, end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip()


REFUSALS = (AccountNotFound, NotAnAddress, operators.AlreadyOperator, operators.NotAnOperator)
ACTS: dict[str, Callable[[Namespace], Iterator[str]]] = {
    "add": add,
    "remove": remove,
    "list": show,
    "log": show_acts,
}
