"""Bringing the databases back to how they were at the start; SQLite's stand in the data folder."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import LiteralString

import psycopg
from psycopg import sql

from tests.support.postgresql import at


@dataclass
class Copies:
    """The databases that lives use, by setting, and the server they are on; empty on SQLite."""

    server: str
    names: dict[str, str]
    _rows: dict[str, dict[str, bytes]] = field(default_factory=dict)

    @property
    def urls(self) -> dict[str, str]:
        """The databases' addresses, as the settings have them."""
        return {setting: at(self.server, name) for setting, name in self.names.items()}

    def keep_start(self) -> None:
        """Remember every row."""
        for url in self.urls.values():
            with psycopg.connect(url) as connection:
                self._rows[url] = {table: _read(connection, table) for table in _tables(connection)}

    def go_back(self, *, but: str = "") -> None:
        """Make every row as it was at the start; making the databases anew would take far longer.

        Args:
            but: the setting of a database that stays as it is.
        """
        for url, tables in self._rows.items():
            if url == self.urls.get(but):
                continue
            with psycopg.connect(url) as connection:
                # Neither triggers nor foreign keys: what is written was true.
                connection.execute("SET session_replication_role = replica")
                for table, rows in tables.items():
                    _write(connection, table, rows)

    def _run(self, statement: str) -> None:
        with psycopg.connect(self.server, autocommit=True) as connection:
            connection.execute(statement)


@contextmanager
def copies(server: str | None = None) -> Iterator[Copies]:
    """Make databases of their own on a server, by default the one that the tests run on; none on SQLite."""
    if server is None:
        server = os.environ.get("ADIEU_DATABASE_URL", "")
    end = secrets.token_hex(4)
    names = {
        "ADIEU_DATABASE_URL": f"adieu_crash_{end}",
        "ADIEU_VAULT_URL": f"adieu_crash_vault_{end}",
        "ADIEU_LEDGER": f"adieu_crash_ledger_{end}",
    }
    made = Copies(server, names if server else {})
    for name in made.names.values():
        made._run(f"CREATE DATABASE {name}")
    try:
        yield made
    finally:
        for name in made.names.values():
            made._run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _tables(connection: psycopg.Connection) -> list[str]:
    listed = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    return [name for (name,) in listed]


def _read(connection: psycopg.Connection, table: str) -> bytes:
    with connection.cursor().copy(_copy(table, "TO STDOUT")) as copy:
        return b"".join(copy)


def _write(connection: psycopg.Connection, table: str, rows: bytes) -> None:
    connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
    if rows:
        with connection.cursor().copy(_copy(table, "FROM STDIN")) as copy:
            copy.write(rows)


def _copy(table: str, where: LiteralString) -> sql.Composed:
    return sql.SQL("COPY {} " + where).format(sql.Identifier(table))
