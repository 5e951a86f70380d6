"""Waiting until nobody is in the way."""

import time
from collections.abc import Callable
from datetime import timedelta

from adieu.kit.errors import Fact


class UnableToCheckpoint(Fact):
    """Erased bytes may still stand in the vault's files."""

    def __init__(self, why: str = "the vault is in use elsewhere") -> None:
        super().__init__(why)
        self.why = why

    def __str__(self) -> str:
        return f"{super().__str__().removesuffix('.')}: {self.why}."


def wait_until_free(find_obstacle: Callable[[], str], *, tries: int, pause: timedelta) -> None:
    """Look again and again, until nothing is in the way.

    Args:
        find_obstacle: says what is in the way, in words that name nobody; nothing when nothing is.
        tries: how often to look.
        pause: how long to wait between looks.

    Raises:
        UnableToCheckpoint: something was in the way to the end.
    """
    obstacle = ""
    for attempt in range(tries):
        if attempt:
            time.sleep(pause.total_seconds())
        obstacle = find_obstacle()
        if not obstacle:
            return
    raise UnableToCheckpoint(obstacle)
