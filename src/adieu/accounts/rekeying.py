"""Sealed addresses under the newest pepper; see Note [Re-keying]."""

from adieu.accounts.addresses import SEAL
from adieu.kit import sql
from adieu.kit.transactions import transaction_required

OLD = "substr(email, 1, 64) IN (SELECT old_key FROM rekeyed)"
NEW = "(SELECT new_key FROM rekeyed WHERE old_key = substr(email, 1, 64)) || %s"


@transaction_required
def move_addresses() -> None:
    """Move the addresses of accounts; their claims were moved before, else a trigger refuses."""
    sql.run(f"UPDATE account_emailaddress SET email = {NEW} WHERE {OLD}", [SEAL])  # noqa: S608 - constants
    sql.run(f"UPDATE accounts_account SET email = {NEW} WHERE {OLD}", [SEAL])  # noqa: S608 - constants


@transaction_required
def end_what_is_under_way() -> None:
    """End the sessions of whoever is not signed in: a sign-up there remembers an address by its old key."""
    sql.run("DELETE FROM accounts_session WHERE account_id IS NULL")
