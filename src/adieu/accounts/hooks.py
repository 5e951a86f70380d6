"""What other packages want to hear of; `config.wiring` fills the lists, so that we need not know them."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

# Called with the account and the time after every sign-in of a verified account (Rule A3).
on_signed_in: list[Callable[[UUID, datetime], None]] = []


def tell_signed_in(*, account_id: UUID, now: datetime) -> None:
    """Tell everybody who wants to know that somebody signed in."""
    for hook in on_signed_in:
        hook(account_id, now)
