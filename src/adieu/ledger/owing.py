"""Lines that are written with the change they tell of, and reach the ledger after its commit.

Note [Owed lines]

A line in the ledger and a row in the database have no common commit. So a change that a restored database
must learn of again is written down in the transaction that makes it, under an id of its own, and the ledger
gets the line afterwards, as often as it takes. The row stays: a replay that meets the line again knows by the
id that this database has seen the change, and a database that has not makes it anew. A writer that dies
before it has noted the line's number appends the line a second time; the id makes that worth nothing.

Lines of one organization come in the order of their changes: the row gets its number under the lock on the
organization, and whoever appends goes by these numbers.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from adieu.kit import sql
from adieu.kit.crashing import crash_point
from adieu.kit.transactions import transaction_required
from adieu.ledger.entries import Kind
from adieu.ledger.stores import LedgerShrank, Store, UnableToAppend, UnableToRead


@transaction_required
def owe_line(*, kind: Kind, body: Mapping[str, Any], now: datetime) -> UUID:
    """Owe the ledger a line about a change that the caller's transaction makes; give the change's id.

    Args:
        kind: What the line says.
        body: Opaque ids and claim keys, nothing that tells who a person is (Rule P1).
        now: The present.
    """
    change_id = uuid4()
    write_change(change_id=change_id, kind=kind, body=body, now=now)
    return change_id


@transaction_required
def write_change(
    *, change_id: UUID, kind: Kind, body: Mapping[str, Any], now: datetime, number: int | None = None
) -> bool:
    """Write down a change, and tell whether this database had not seen it before."""
    written = sql.run(
        "INSERT INTO ledger_change (change_id, kind, body, made_at, number) VALUES (%s, %s, %s, %s, %s)"
        " ON CONFLICT (change_id) DO NOTHING",
        [change_id, kind.value, sql.as_json(body), now, number],
    )
    return written == 1


def append_owed(*, store: Store, now: datetime) -> int:
    """Append every line that is owed, in the order of the changes, and tell how many.

    Raises:
        LedgerShrank: it is not the one that it was; nothing is appended.
        UnableToAppend: the rest stays owed.
    """
    _refuse_shrunken(store)
    # By hand: whoever leaves waits for this, and the ORM takes longer than the database.
    owed = sql.rows("SELECT id, change_id, kind, body FROM ledger_change WHERE number IS NULL ORDER BY id")
    for id_, change_id, kind, body in owed:
        line = {"change": str(sql.as_id(change_id)), **json.loads(body)}
        entry = store.append(kind=Kind(kind), body=line, now=now)
        sql.run("UPDATE ledger_change SET number = %s WHERE id = %s AND number IS NULL", [entry.number, id_])
        crash_point("ledger.line_noted")
    return len(owed)


def _refuse_shrunken(store: Store) -> None:
    """Refuse a ledger that an older one took the place of while we run.

    What is appended to it would be a second history, and whoever starts next takes neither.
    """
    # First what is remembered: the ledger may grow meanwhile, and another process remember that.
    known = sql.rows("SELECT number FROM ledger_mark")
    try:
        last = store.head().number
    except UnableToRead as error:
        raise UnableToAppend from error
    if any(last < number for (number,) in known):
        raise LedgerShrank
