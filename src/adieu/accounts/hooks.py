"""What other packages want to hear of; they add themselves when they are ready, so we need not know them."""

from datetime import datetime
from typing import Protocol
from uuid import UUID


class SignedInHook(Protocol):
    """Whoever wants to know that somebody signed in."""

    def __call__(self, *, account_id: UUID, now: datetime) -> None:
        """Hear of it; a sign-in can be told again at any time."""


# Called after every sign-in of a verified account (Rule A3).
on_signed_in: list[SignedInHook] = []


def tell_signed_in(*, account_id: UUID, now: datetime) -> None:
    """Tell everybody who wants to know that somebody signed in."""
    for hook in on_signed_in:
        hook(account_id=account_id, now=now)
