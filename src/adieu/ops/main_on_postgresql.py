"""The main database on PostgreSQL: dumped and put back with PostgreSQL's own tools, in one transaction."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
from django.db import connections
from psycopg.conninfo import make_conninfo

from adieu.kit.crashing import crash_point
from adieu.kit.errors import UnableToStart
from adieu.ops.packing import Remembered
from adieu.ops.presence import KEY, Running, wait_for
from adieu.ops.remembering import FORGET_FENCES, remembered

WORDS = "a PostgreSQL database"
# Whoever else is connected, but for us and for the lock that we hold (Note [Presence]).
OTHERS = f"""
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND usesysid IS NOT NULL AND pid <> pg_backend_pid()
    AND pid NOT IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = {KEY}
                    AND mode = 'ExclusiveLock' AND granted)"""  # noqa: S608 - a number of our own
OBJECT_IN_USE = "55006"
# All that is ours goes first: what is newer than the backup would stand in its way, or in that of migrations.
# What an extension of the operator's has put there stays.
BEGIN = """
BEGIN;
DO $$
DECLARE
    statement text;
BEGIN
    FOR statement IN
        SELECT format('DROP TABLE IF EXISTS %s CASCADE', oid::regclass) FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND oid NOT IN
            (SELECT objid FROM pg_depend WHERE deptype = 'e' AND classid = 'pg_class'::regclass)
        UNION ALL
        SELECT format('DROP ROUTINE IF EXISTS %s CASCADE', oid::regprocedure) FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace AND oid NOT IN
            (SELECT objid FROM pg_depend WHERE deptype = 'e' AND classid = 'pg_proc'::regclass)
    LOOP
        EXECUTE statement;
    END LOOP;
END $$;
"""
# Whoever came meanwhile waits for our locks, and would go on before the ledger was replayed.
COMMIT = rf"""
SET search_path TO public;
{FORGET_FENCES};
SELECT pg_stat_clear_snapshot();
DO $$
BEGIN
    IF ({OTHERS}) > 0 THEN
        RAISE EXCEPTION USING ERRCODE = '{OBJECT_IN_USE}';
    END IF;
END $$;
COMMIT;
"""


class ToolMissing(UnableToStart):
    """A tool of PostgreSQL is missing."""


def dump(target: Path) -> Remembered:
    """Dump the database into a file, and say what it remembers at that very moment.

    Raises:
        UnableToStart: it cannot be dumped.
        ToolMissing: there is no pg_dump that fits the server.
    """
    with _connect() as connection:
        tool = _tool("pg_dump", connection)
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        snapshot = _one(connection, "SELECT pg_export_snapshot()")
        found = remembered(lambda statement: connection.execute(statement.encode()).fetchall())
        words = [tool, "--format=custom", "--schema=public", f"--snapshot={snapshot}", f"--file={target}"]
        ended = subprocess.run(
            [*words, f"--dbname={_where()}"], env=_environ(), capture_output=True, check=False
        )
    if ended.returncode:
        raise UnableToStart(f"pg_dump could not copy the main database (it ended with {ended.returncode}).")
    return found


def refuse_unfit(data: Path, source: Path, said: Remembered) -> None:
    """Make sure that the tools can put this dump back, and that nobody else is connected.

    Whether it is the database that is spoken of can only be seen when it is back.

    Raises:
        UnableToStart: they cannot.
        Running: somebody is.
    """
    del said
    # Outside a transaction: inside one the list of connections stays as it was at the first look.
    with _connect(autocommit=True) as connection:
        _tool("psql", connection)
        listed = subprocess.run(
            [_tool("pg_restore", connection), "--list", str(data)], capture_output=True, check=False
        )
        if listed.returncode:
            raise UnableToStart(f"{source} holds no dump that pg_restore of this version can read.")
        if not wait_for(lambda: _one(connection, OTHERS) == 0):
            raise Running("Somebody is connected to the main database; stop every process of Adieu first.")


def put_back(data: Path) -> None:
    """Put a dump in the place of all that is there, in one transaction.

    Raises:
        UnableToStart: the server refused; nothing was changed.
        Running: somebody connected meanwhile; nothing was changed.
    """
    with _connect() as connection:
        psql, pg_restore = _tool("psql", connection), _tool("pg_restore", connection)
    quiet = ["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--set=VERBOSITY=sqlstate", "--file=-"]
    pipes: dict[str, Any] = {
        "stdin": subprocess.PIPE,
        "stdout": subprocess.DEVNULL,
        "stderr": subprocess.PIPE,
    }
    with subprocess.Popen([psql, *quiet, f"--dbname={_where()}"], env=_environ(), **pipes) as server:
        assert server.stdin
        # Whatever ends us: without a COMMIT, psql leaves and the server takes everything back.
        with suppress(BrokenPipeError):
            server.stdin.write(BEGIN.encode())
            _pour(pg_restore, data, server)
            crash_point("restore.begun")
            server.stdin.write(COMMIT.encode())
        _, said = server.communicate()
    if server.returncode:
        _refuse(said.decode(errors="replace"))
    crash_point("restore.replaced")


def _pour(pg_restore: str, data: Path, server: subprocess.Popen[bytes]) -> None:
    words = [pg_restore, "--schema=public", "--no-owner", "--no-privileges", "--file=-", str(data)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as script:
        assert script.stdout
        assert server.stdin
        shutil.copyfileobj(script.stdout, server.stdin)
    if script.returncode:
        raise UnableToStart(f"pg_restore ended with {script.returncode}; nothing was changed.")


def _refuse(said: str) -> None:
    found = re.search(r"(?:ERROR|FATAL):\s+(\w{5})\b", said)
    code = found[1] if found else "no reason given"
    if code == OBJECT_IN_USE:
        raise Running("Somebody connected to the main database meanwhile; nothing was changed.")
    raise UnableToStart(f"The server refused the restore ({code}); nothing was changed.")


def _tool(name: str, connection: psycopg.Connection) -> str:
    """Find one of PostgreSQL's tools, of the server's version: what another writes, this one may not read."""
    wanted = connection.info.server_version // 10_000
    path = shutil.which(name)
    if path is None:
        raise ToolMissing(
            f"{name} is not on the PATH; install the tools of PostgreSQL {wanted}, the server's."
        )
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"\(PostgreSQL\) (\d+)", said)
    if found is None or int(found[1]) != wanted:
        raise ToolMissing(
            f"{path} is of PostgreSQL {found[1] if found else '(unknown)'}, and the server is of {wanted};"
            f" put the tools of PostgreSQL {wanted} first on the PATH."
        )
    return path


@contextmanager
def _connect(*, autocommit: bool = False) -> Iterator[psycopg.Connection]:
    try:
        with psycopg.connect(_where(), password=_password(), autocommit=autocommit) as connection:
            yield connection
    except psycopg.Error as error:
        raise UnableToStart(f"The main database cannot be used ({error.sqlstate or 'no answer'}).") from None


def _one(connection: psycopg.Connection, statement: str) -> Any:
    row = connection.execute(statement.encode()).fetchone()
    return row[0] if row else None


def _where() -> str:
    """Say where the database is, without the password: what a process was started with, others can see."""
    given = connections["default"].settings_dict
    parts = {"dbname": given["NAME"], "user": given["USER"], "host": given["HOST"], "port": given["PORT"]}
    return make_conninfo(**given["OPTIONS"], **{part: value for part, value in parts.items() if value})


def _password() -> str | None:
    return connections["default"].settings_dict["PASSWORD"] or None


def _environ() -> Mapping[str, str]:
    password = _password()
    return {**os.environ, **({"PGPASSWORD": password} if password else {})}
