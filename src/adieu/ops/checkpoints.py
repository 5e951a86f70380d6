"""The main database's write-ahead log, emptied by the worker instead of by whoever commits."""

from django.db import connection


def checkpoint_main() -> None:
    """Move what was committed from the log into the file, as far as no reader needs it; SQLite only."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(PASSIVE)")
