"""`adieu identities`: lifting a retired address."""

import sys
from argparse import Namespace
from collections.abc import Callable, Iterator

from django.utils import timezone

from adieu.accounts.lifting import lift
from adieu.activities.kinds import OperatorReason
from adieu.core.canonical import NotAnAddress
from adieu.identities.operations import NotRetired
from adieu.ops.ledgers import catch_up

REFUSALS = (NotRetired, NotAnAddress)


def lift_address(chosen: Namespace) -> Iterator[str]:
    """Let a retired address be used again; it is read from standard input, so that no history keeps it.

    Raises:
        NotRetired, NotAnAddress: there is nothing to lift.
    """
    now = timezone.now()
    lift(address=sys.stdin.readline().strip(), reason=OperatorReason(chosen.reason), actor_id=None, now=now)
    catch_up(now=now)
    yield "The address can be used for an account again."


ACTS: dict[str, Callable[[Namespace], Iterator[str]]] = {"lift": lift_address}
