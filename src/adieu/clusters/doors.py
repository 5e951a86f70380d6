"""The door to a cluster: who passes, and what is said to whom it stays shut for (Rules K1, D7)."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class Caller:
    """Who may use a cluster, and by what.

    `key_id` is the API key, or nothing for a page of the console, which comes with a session.
    """

    account_id: UUID
    key_id: UUID | None = None


class DoorShut(Exception):
    """This caller may not use this cluster. The reason is shown to them."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


# Gives the caller behind a token, the empty one included, or raises DoorShut. Asked again and again
# while a call is open, from several threads.
type WhoMayUse = Callable[[str], Caller]
