"""What other packages want to hear of; they add themselves when they are ready, so we need not know them."""

from datetime import datetime
from typing import Protocol
from uuid import UUID


class SignedInHook(Protocol):
    """Whoever wants to know that somebody signed in."""

    def __call__(self, *, account_id: UUID, now: datetime) -> None:
        """Hear of it; a sign-in can be told again at any time."""


class InvitedKeyHook(Protocol):
    """Whoever knows which address an invitation was sent to."""

    def __call__(self, *, token: str, now: datetime) -> str:
        """Give the claim key of that address while the invitation lives, else nothing."""


# Called after every sign-in of a verified account (Rule A3).
on_signed_in: list[SignedInHook] = []
# Asked when only those who are invited may sign up (Rule A1).
invited_keys: list[InvitedKeyHook] = []


def tell_signed_in(*, account_id: UUID, now: datetime) -> None:
    """Tell everybody who wants to know that somebody signed in."""
    for hook in on_signed_in:
        hook(account_id=account_id, now=now)


def key_invited_by(*, token: str, now: datetime) -> str:
    """Give the claim key of the address that an invitation's link was sent to, if it lives."""
    return next((key for hook in invited_keys if (key := hook(token=token, now=now))), "")
