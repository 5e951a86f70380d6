"""Deleting what happened, which only tests do (Note [Append-only])."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def forgettable() -> Iterator[None]:
    """Let activities be deleted meanwhile, by this connection; on PostgreSQL in the open transaction."""
    let_go()
    if connection.vendor == "postgresql":
        _run("ALTER TABLE activities_activity DISABLE TRIGGER USER")
    yield
    if connection.vendor == "postgresql":
        _run("ALTER TABLE activities_activity ENABLE TRIGGER USER")
    keep()


def let_go() -> None:
    """Let this connection empty the tables: Django does that with DELETE on SQLite, else with TRUNCATE."""
    _heed_triggers(is_heeding=False)


def keep() -> None:
    """Heed the triggers again."""
    _heed_triggers(is_heeding=True)


def _heed_triggers(*, is_heeding: bool) -> None:
    connection.ensure_connection()
    if isinstance(connection.connection, sqlite3.Connection):
        connection.connection.setconfig(sqlite3.SQLITE_DBCONFIG_ENABLE_TRIGGER, is_heeding)


def _run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
