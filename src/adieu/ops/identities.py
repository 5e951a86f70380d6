"""`adieu identities` and `adieu log`: lifting a retired address, and what operators did."""

import sys
from argparse import Namespace
from collections.abc import Iterator

from django.utils import timezone

from adieu.accounts.lifting import lift
from adieu.activities.kinds import OperatorKind, OperatorReason
from adieu.activities.operator_log import acts
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


def show_acts() -> Iterator[str]:
    """Tell what operators did, the newest first."""
    for act in acts():
        who = f"operator {act.actor_id}" if act.actor_id else "a command on this machine"
        what, why = OperatorKind(act.kind).label, OperatorReason(act.reason).label
        yield f"{act.recorded_at:%Y-%m-%d %H:%M} UTC  {who} {what}, because {why}: {act.subject_id}"
