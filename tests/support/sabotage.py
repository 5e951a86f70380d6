"""Breaking a running console's databases, so that real errors quote what is written."""

import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg

# What sessions and limits need. Without them no request gets as far as a page.
SPARED = ("accounts_session", "vault_sessiondata", "kit_", "django_")

RAISE = """
CREATE OR REPLACE FUNCTION sabotage() RETURNS trigger AS $$
BEGIN
    RAISE EXCEPTION 'Failing row contains (%)', to_jsonb(NEW)
        USING ERRCODE = 'check_violation', DETAIL = to_jsonb(NEW)::text;
END $$ LANGUAGE plpgsql
"""


def sabotage_sqlite(file: Path, *, spared: tuple[str, ...] = SPARED) -> int:
    """Let every write into a SQLite database fail with the row in the message; return how many tables.

    SQLite's RAISE takes no values, but its function for JSON quotes a path that it cannot read.
    """
    with closing(sqlite3.connect(file, timeout=20)) as connection, connection:
        rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        tables = [name for (name,) in rows if not name.startswith(("sqlite_", *spared))]
        for table in tables:
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            row = " || ' ' || ".join(f"coalesce(NEW.\"{column}\", '')" for column in columns)
            for event in ("INSERT", "UPDATE"):
                connection.execute(
                    f"CREATE TRIGGER IF NOT EXISTS sabotage_{table}_{event} BEFORE {event} ON {table} "
                    f"BEGIN SELECT json_extract('{{}}', 'x ' || {row}); END"
                )
        return len(tables)


def sabotage_postgresql(url: str, *, spared: tuple[str, ...] = SPARED) -> int:
    """Do the same to a PostgreSQL database."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(RAISE)
        rows = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        tables = [name for (name,) in rows if not name.startswith(spared)]
        for table in tables:
            connection.execute(
                f"CREATE OR REPLACE TRIGGER sabotage BEFORE INSERT OR UPDATE ON {table} "
                "FOR EACH ROW EXECUTE FUNCTION sabotage()"
            )
        return len(tables)


def take_away(url: str, file: Path, table: str, column: str) -> None:
    """Rename a column, so that whoever reads the table fails."""
    statement = f"ALTER TABLE {table} RENAME COLUMN {column} TO {column}_gone"
    if url:
        with psycopg.connect(url, autocommit=True) as server:
            server.execute(statement)
    else:
        with closing(sqlite3.connect(file, timeout=20)) as connection, connection:
            connection.execute(statement)
