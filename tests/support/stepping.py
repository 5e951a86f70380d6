"""Doing one step of a keeper as a worker does."""

from datetime import datetime

from adieu.core.keeping import Keeper, NotYet, Step


def do_step(keeper: Keeper, step: Step, now: datetime) -> None:
    """Do a step, and once more when it has to wait (Note [One compaction for many])."""
    try:
        keeper.run(step=step, now=now)
    except NotYet:
        keeper.run(step=step, now=now)
