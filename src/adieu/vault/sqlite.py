"""Leaving no erased byte in a vault on SQLite. See Note [Three places] in `checkpoints.py`."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from django.db import OperationalError, connections
from django.db.backends.utils import CursorWrapper

from adieu.vault import debts
from adieu.vault.router import VAULT
from adieu.vault.waiting import wait_until_free

IN_USE = "the vault is in use elsewhere"


def clean(*, tries: int, pause: timedelta) -> None:
    """Write the file anew if that is owed, and cut the log.

    Raises:
        UnableToCheckpoint: somebody kept reading or writing the vault.

    Source: https://www.sqlite.org/pragma.html#pragma_wal_checkpoint
    """
    with connections[VAULT].cursor() as cursor, _without_waiting(cursor):

        def find_obstacle() -> str:
            return "" if _is_compaction_paid(cursor) and _is_log_cut(cursor) else IN_USE

        wait_until_free(find_obstacle, tries=tries, pause=pause)


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
    debt = debts.open_debt()
    if debt is None:
        return True
    try:
        cursor.execute("VACUUM")
        debts.pay(debt)
    except OperationalError:
        return False
    return True


def _is_log_cut(cursor: CursorWrapper) -> bool:
    busy, _, _ = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    file = cursor.execute("PRAGMA database_list").fetchone()[2]
    log = Path(f"{file}-wal")
    return busy == 0 and not (log.exists() and log.stat().st_size)
