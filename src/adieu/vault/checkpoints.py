"""Making sure that what was erased has left the vault's files (Rule P3).

Note [Three places where SQLite keeps erased bytes]

1. The row itself. `secure_delete` overwrites it.
2. The write-ahead log: it holds older pages until it is cut, and an open reader makes SQLite skip
   the cutting without an error. So the answer and the log's size are checked.
3. The unused middle of a table's page. When SQLite moves rows between pages it leaves copies there,
   which no later delete overwrites, with `secure_delete` or without. Only VACUUM, which writes every
   page anew, removes them. It takes time with the vault's size (20 ms for 10 000 accounts), so it is owed
   by what erases a person and paid by the next checkpoint; a kill in between loses nothing, for the debt
   is a row. Sessions that end and mails that are delivered owe nothing of their own: the worker owes one
   compaction a day for them, and the deletion of their person owes another.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from django.db import OperationalError, connections
from django.db.backends.utils import CursorWrapper
from django.db.models import F

from adieu.kit import sql
from adieu.kit.errors import Fact
from adieu.vault.models import Compaction
from adieu.vault.router import VAULT

TRIES = 20
PAUSE = timedelta(milliseconds=50)


class UnableToCheckpoint(Fact):
    """The vault is in use elsewhere, so erased bytes may still stand in its files."""


class InsideTransaction(Fact):
    """The vault cannot be checkpointed inside a transaction."""


def owe_compaction() -> None:
    """Note that copies of what is erased may stand between rows; in the transaction that erases."""
    sql.run(
        "INSERT INTO vault_compaction (id, owed, paid) VALUES (1, 1, 0)"
        " ON CONFLICT (id) DO UPDATE SET owed = vault_compaction.owed + 1",
        using=VAULT,
    )


def checkpoint(*, tries: int = TRIES, pause: timedelta = PAUSE) -> None:
    """Remove what was erased from every file of the vault. See Note [Three places].

    Args:
        tries: how often to try.
        pause: how long to wait between tries.

    Raises:
        UnableToCheckpoint: somebody kept reading or writing the vault.
        InsideTransaction: the caller holds a transaction on the vault.

    Source: https://www.sqlite.org/pragma.html#pragma_wal_checkpoint
    """
    if connections[VAULT].in_atomic_block:
        raise InsideTransaction
    with connections[VAULT].cursor() as cursor, _without_waiting(cursor):
        for attempt in range(tries):
            if attempt:
                time.sleep(pause.total_seconds())
            if _is_compaction_paid(cursor) and _is_log_cut(cursor):
                return
    raise UnableToCheckpoint


@contextmanager
def _without_waiting(cursor: CursorWrapper) -> Iterator[None]:
    """Let a try fail at once; one open reader would hold it up for the connection's whole time-out."""
    patience = cursor.execute("PRAGMA busy_timeout").fetchone()[0]
    cursor.execute("PRAGMA busy_timeout = 0")
    try:
        yield
    finally:
        cursor.execute(f"PRAGMA busy_timeout = {int(patience)}")


def _is_compaction_paid(cursor: CursorWrapper) -> bool:
    debt = Compaction.objects.filter(owed__gt=F("paid")).first()
    if debt is None:
        return True
    try:
        cursor.execute("VACUUM")
        # What is erased from here on owes again: only the debt that was seen is paid.
        Compaction.objects.filter(paid__lt=debt.owed).update(paid=debt.owed)
    except OperationalError:
        return False
    return True


def _is_log_cut(cursor: CursorWrapper) -> bool:
    busy, _, _ = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    file = cursor.execute("PRAGMA database_list").fetchone()[2]
    log = Path(f"{file}-wal")
    return busy == 0 and not (log.exists() and log.stat().st_size)
