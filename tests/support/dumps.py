"""Every row of a database as text, value by value, so that two moments can be compared byte for byte."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import psycopg

type Row = Mapping[str, str]
type Dump = Mapping[str, list[Row]]


def dump(database: Path | str) -> Dump:
    """Read every row of every table of a SQLite file or of the PostgreSQL database behind an address."""
    if isinstance(database, str):
        return _of_postgresql(database)
    return _of_sqlite(database)


def changed(before: Dump, after: Dump) -> tuple[list[tuple[str, Row]], list[tuple[str, Row]]]:
    """Give the rows that are gone and those that came; a row that changed is in both."""
    gone = [(table, row) for table in before for row in before[table] if row not in after[table]]
    came = [(table, row) for table in after for row in after[table] if row not in before[table]]
    return gone, came


def execute(database: Path | str, *statements: str) -> None:
    """Run statements that no operation of ours runs, each committed by itself."""
    if isinstance(database, str):
        with psycopg.connect(database, autocommit=True) as server:
            for statement in statements:
                server.execute(statement.encode())
        return
    with closing(sqlite3.connect(database, isolation_level=None, timeout=20)) as file:
        for statement in statements:
            file.execute(statement)


def _of_sqlite(path: Path) -> Dump:
    with closing(sqlite3.connect(path, isolation_level=None, timeout=20)) as file:
        file.row_factory = sqlite3.Row
        names = file.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        )
        return {name: _rows_of_sqlite(file, name) for (name,) in names.fetchall()}


def _rows_of_sqlite(file: sqlite3.Connection, table: str) -> list[Row]:
    columns = [row["name"] for row in file.execute(f"PRAGMA table_info({table})")]
    # quote() tells an integer, a text, a blob and NULL apart, and shows every byte.
    quoted = ", ".join(f'quote("{column}") AS "{column}"' for column in columns)
    return [dict(row) for row in file.execute(f"SELECT {quoted} FROM {table}")]  # noqa: S608 - from the schema


def _of_postgresql(url: str) -> Dump:
    with psycopg.connect(url) as server:
        names = server.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        return {name: _rows_of_postgresql(server, name) for (name,) in names}


def _rows_of_postgresql(server: psycopg.Connection[tuple[str, ...]], table: str) -> list[Row]:
    found = server.execute(
        "SELECT column_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND table_name = %s ORDER BY ordinal_position",
        [table],
    )
    columns = [name for (name,) in found.fetchall()]
    quoted = ", ".join(f'quote_nullable("{column}"::text)' for column in columns)
    rows = server.execute(f"SELECT {quoted} FROM {table}".encode()).fetchall()  # noqa: S608 - from the schema
    return [dict(zip(columns, row, strict=True)) for row in rows]
