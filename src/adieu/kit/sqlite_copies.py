"""A whole copy of a SQLite database, made while others read and write it."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

BESIDE = ("-wal", "-shm", "-journal")


def copy_database(source: Path, target: Path) -> None:
    """Copy by SQLite's online backup into a file for our eyes only, durable when this returns.

    Args:
        source: the database; its newest commits count, also those that stand in its log only.
        target: what a copy that was killed has left there is written over.

    Raises:
        sqlite3.Error, OSError: it cannot be read or written.

    Source: https://www.sqlite.org/backup.html
    """
    remove_with_logs(target)
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    with closing(open_file(source)) as read, closing(open_file(target)) as written:
        # In one step: a copy in parts begins again whenever somebody writes.
        read.backup(written)
        # The copy takes over the write-ahead log of the source; it shall be one file.
        written.execute("PRAGMA journal_mode=DELETE")
    sync_file(target)


def open_file(path: Path, *, patience: float = 20) -> sqlite3.Connection:
    """Open a database that is there, each statement committed by itself."""
    address = f"file:{quote(str(path))}?mode=rw"
    return sqlite3.connect(address, uri=True, isolation_level=None, timeout=patience)


def remove_with_logs(path: Path) -> None:
    """Remove a database and what SQLite keeps beside it, as far as it is there."""
    path.unlink(missing_ok=True)
    remove_logs(path)


def remove_logs(path: Path) -> None:
    """Remove what SQLite keeps beside a database."""
    for end in BESIDE:
        path.with_name(path.name + end).unlink(missing_ok=True)


def sync_file(path: Path) -> None:
    """Make what a file holds durable; of a folder, the names in it."""
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
