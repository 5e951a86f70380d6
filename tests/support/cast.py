"""Alice, Bob and Charlie, as rows: for tests that need an account and not the way it is made."""

import secrets
from datetime import UTC, datetime
from uuid import UUID

from adieu.accounts.models import Account

LONG_AGO = datetime(2030, 1, 1, tzinfo=UTC)


def make_account() -> UUID:
    """Write an account that nobody can sign in to."""
    account = Account(email=f"{secrets.token_hex(32)}@sealed.invalid", registered_at=LONG_AGO)
    account.set_unusable_password()
    account.save()
    return account.id
