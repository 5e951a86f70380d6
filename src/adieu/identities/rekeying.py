"""Moving keys to the newest rule and pepper, all in one transaction (Rule C4).

Note [Re-keying]

A key cannot be turned into another: only the address can, and it stands in the vault. So a table that lives
as long as the transaction pairs old keys with new ones, for every address that the vault knows, and each
package moves the columns of its own. A retired key has no address any more; it stays under the pepper it was
made with, and whoever looks an address up looks under all of them. So does a live one whose address the vault
does not know.
"""

from collections.abc import Iterable, Iterator
from itertools import batched

from django.conf import settings
from django.db import connection

from adieu.core.canonical import NotAnAddress
from adieu.identities.versions import RULE_VERSION, keys_of
from adieu.kit import sql
from adieu.kit.transactions import transaction_required

BATCH = 1000


@transaction_required
def pair_keys(*, kind: str, identifiers: Iterable[str]) -> None:
    """Write the pairs, for as long as the caller's transaction lives, and let nobody claim meanwhile."""
    if sql.can_lock_rows():
        sql.run("LOCK TABLE identities_identityclaim, identities_pepperversion IN EXCLUSIVE MODE")
    sql.run("CREATE TEMPORARY TABLE rekeyed (old_key varchar(64) PRIMARY KEY, new_key varchar(64) NOT NULL)")
    insert = "INSERT INTO rekeyed (old_key, new_key) VALUES (%s, %s) ON CONFLICT (old_key) DO NOTHING"
    for batch in batched(_pairs(kind, identifiers), BATCH, strict=False):
        with connection.cursor() as cursor:
            cursor.executemany(insert, batch)
    # A replayed ledger has retired it, or holds it for the operator: the old one stays beside it.
    sql.run("DELETE FROM rekeyed WHERE new_key IN (SELECT key FROM identities_identityclaim)")
    # Whoever waits for the code of an address that is retired has to be found beside it, and swept.
    sql.run(
        "DELETE FROM rekeyed WHERE old_key IN"
        " (SELECT key FROM identities_identityclaim WHERE retired_at IS NOT NULL)"
    )


@transaction_required
def move_claims() -> int:
    """Move what is live, and tell how many claims it were."""
    return sql.run(
        "UPDATE identities_identityclaim SET rule_version = %s, pepper_version = %s,"
        " key = (SELECT new_key FROM rekeyed WHERE old_key = identities_identityclaim.key)"
        " WHERE account_id IS NOT NULL AND key IN (SELECT old_key FROM rekeyed)",
        [RULE_VERSION, max(settings.PEPPERS)],
    )


@transaction_required
def forget_pairs() -> None:
    """Take the pairs away."""
    sql.run("DROP TABLE rekeyed")


def count_left() -> int:
    """Count the live claims under an earlier version."""
    ((left,),) = sql.rows(
        "SELECT count(*) FROM identities_identityclaim"
        " WHERE account_id IS NOT NULL AND (rule_version < %s OR pepper_version < %s)",
        [RULE_VERSION, max(settings.PEPPERS)],
    )
    return int(left)


def _pairs(kind: str, identifiers: Iterable[str]) -> Iterator[tuple[str, str]]:
    for identifier in identifiers:
        try:
            newest, *older = (version.key for version in keys_of(kind=kind, identifier=identifier))
        except NotAnAddress:
            continue
        yield from ((key, newest) for key in older)
