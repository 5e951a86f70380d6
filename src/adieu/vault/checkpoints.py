"""Making sure that what was erased has left the vault's files (Rule P3)."""

import time
from datetime import timedelta
from pathlib import Path

from django.db import connections

from adieu.kit.errors import Fact
from adieu.vault.router import VAULT

TRIES = 20
PAUSE = timedelta(milliseconds=50)


class UnableToCheckpoint(Fact):
    """The vault is being read elsewhere, so erased bytes may still stand in its log."""


class InsideTransaction(Fact):
    """The vault cannot be checkpointed inside a transaction."""


def checkpoint(*, tries: int = TRIES, pause: timedelta = PAUSE) -> None:
    """Move the vault's log into its file and cut the log to nothing.

    `secure_delete` overwrites erased rows in the file, but the log keeps older pages until it is cut.
    An open reader makes SQLite skip that without an error, so the answer and the log's size are checked.

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
    for attempt in range(tries):
        if attempt:
            time.sleep(pause.total_seconds())
        if _is_log_cut():
            return
    raise UnableToCheckpoint


def _is_log_cut() -> bool:
    with connections[VAULT].cursor() as cursor:
        patience = cursor.execute("PRAGMA busy_timeout").fetchone()[0]
        # Without this, one open reader holds up every try for the connection's whole time-out.
        cursor.execute("PRAGMA busy_timeout = 0")
        try:
            busy, _, _ = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {int(patience)}")
        file = cursor.execute("PRAGMA database_list").fetchone()[2]
    return busy == 0 and not _size(Path(f"{file}-wal"))


def _size(log: Path) -> int:
    return log.stat().st_size if log.exists() else 0
