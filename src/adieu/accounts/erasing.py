"""The statements that take an account out of the main database; a constant number, whatever it has."""

from uuid import UUID

from adieu.accounts.models import Account
from adieu.kit import sql
from adieu.kit.crashing import crash_point
from adieu.kit.transactions import transaction_required

# In the order of their foreign keys, the account row last: what still points to it stops the transaction.
# Sessions, agreements and what makes somebody an operator have keys that take them along.
STATEMENTS = (
    """
    DELETE FROM account_emailconfirmation
    WHERE email_address_id IN (SELECT id FROM account_emailaddress WHERE user_id = %s)
    """,
    "DELETE FROM account_emailaddress WHERE user_id = %s",
    "DELETE FROM accounts_account WHERE id = %s",
)


@transaction_required
def lock_account(*, account_id: UUID) -> bool:
    """Lock an account's row, so that nothing new can point to it, and tell whether it is there.

    FOR UPDATE, not NO KEY: an insert with a foreign key to the account has to wait, too.
    """
    return bool(sql.rows(f"SELECT 1 FROM accounts_account WHERE id = %s{sql.for_update()}", [account_id]))  # noqa: S608


@transaction_required
def hold_account(*, account_id: UUID) -> bool:
    """Keep an account from going until the transaction ends, and tell whether it is there.

    For whoever is about to write a row that points to it: the foreign key itself is checked at commit only,
    and would fail there if the account were on its way out.
    """
    rows = Account.objects.select_for_update(no_key=True).filter(pk=account_id).values_list("pk")
    return rows.first() is not None


@transaction_required
def erase_account(*, account_id: UUID) -> None:
    """Erase an account's rows; whatever else points to the account has to be gone already."""
    for statement in STATEMENTS:
        sql.run(statement, [account_id])
        crash_point("account.statement_done")


def count_left(*, account_id: UUID) -> dict[str, int]:
    """Count what is left of an account, table by table."""
    return {
        table: sql.rows(f"SELECT COUNT(*) FROM {table} WHERE {column} = %s", [account_id])[0][0]  # noqa: S608
        for table, column in (
            ("account_emailaddress", "user_id"),
            ("accounts_termsagreement", "account_id"),
            ("accounts_session", "account_id"),
            ("accounts_operator", "account_id"),
            ("accounts_account", "id"),
        )
    }
