"""A step that fails until it is mended."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.core.mail import mailers

from adieu.deletion.erasure import run_due_steps
from adieu.deletion.promises import tell_late
from adieu.kit.crashing import installed
from adieu.notices.delivery import deliver_due

POINT = "vault.cut_down"
STEP = "vault.cut_down"


class Broken(Exception):
    """What the step meets; it quotes a person, as errors do."""


@contextmanager
def trouble(secret: str = "") -> Iterator[None]:
    """Let the step that cuts the vault entry down fail."""

    def stumble(point: str) -> None:
        if point == POINT:
            raise Broken(secret)

    with installed(stumble):
        yield


def work_through(start: datetime, length: timedelta) -> datetime:
    """Do what the worker does, whatever fails, looking every quarter of an hour; give the time it ends."""
    moment = start
    while moment <= start + length:
        look(moment)
        moment += timedelta(minutes=15)
    return moment


def look(moment: datetime) -> None:
    """Do what a worker does in a few seconds."""
    for seconds in range(0, 12, 3):
        tick = moment + timedelta(seconds=seconds)
        run_due_steps(now=partial(_same, tick), random=lambda: 0.0, report=_say_nothing)
        tell_late(now=tick)
        deliver_due(now=tick, mailer=mailers.default)


def _same(moment: datetime) -> datetime:
    return moment


def _say_nothing(step_id: UUID, error: Exception) -> None:
    """Whatever it was."""
