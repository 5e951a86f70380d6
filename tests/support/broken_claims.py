"""The table of claims out of reach, really: gone, forbidden, locked by another, or not to be written."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager

import psycopg
from django.db import connection

from adieu.kit import sql

TABLE = "identities_identityclaim"
ROLE = "adieu_doorkeeper"
type Situation = Callable[[], AbstractContextManager[None]]


@contextmanager
def gone() -> Iterator[None]:
    """The table is not there; what refers to it by name finds nothing."""
    with _names_left_alone():
        sql.run(f"ALTER TABLE {TABLE} RENAME TO away")
    try:
        yield
    finally:
        with _names_left_alone():
            sql.run(f"ALTER TABLE away RENAME TO {TABLE}")


@contextmanager
def locked() -> Iterator[None]:
    """Another holds the table and does not let go; waiting ends soon."""
    with _another_holds():
        _wait_at_most("50")
        try:
            yield
        finally:
            _wait_at_most("20000" if connection.vendor == "sqlite" else "0")


@contextmanager
def read_only() -> Iterator[None]:
    """Nothing can be written, as on a standby or a full disk."""
    _set_read_only("on")
    try:
        yield
    finally:
        _set_read_only("off")


@contextmanager
def forbidden(left: str = "") -> Iterator[None]:
    """The role of the service may not touch the table, but for what is left."""
    sql.run(f"DROP OWNED BY {ROLE}") if _has_role() else sql.run(f"CREATE ROLE {ROLE}")
    sql.run(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {ROLE}")
    sql.run(f"GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {ROLE}")
    sql.run(f"REVOKE ALL ON {TABLE} FROM {ROLE}")
    if left:
        sql.run(f"GRANT {left} ON {TABLE} TO {ROLE}")
    sql.run(f"SET ROLE {ROLE}")
    try:
        yield
    finally:
        sql.run("RESET ROLE")
        sql.run(f"DROP OWNED BY {ROLE}")
        sql.run(f"DROP ROLE {ROLE}")


def not_to_be_written() -> AbstractContextManager[None]:
    """The role of the service may read the claims and not write them."""
    return forbidden(left="SELECT")


# Those in which a claim cannot even be read.
UNREADABLE: dict[str, dict[str, Situation]] = {
    "sqlite": {"gone": gone},
    "postgresql": {"gone": gone, "forbidden": forbidden, "locked": locked},
}
UNWRITABLE: dict[str, dict[str, Situation]] = {
    "sqlite": {"locked": locked, "read-only": read_only},
    "postgresql": {"not to be written": not_to_be_written, "read-only": read_only},
}


def situations() -> dict[str, Situation]:
    """Give all there are on the database in use."""
    return UNREADABLE[connection.vendor] | UNWRITABLE[connection.vendor]


@contextmanager
def _names_left_alone() -> Iterator[None]:
    # SQLite would rename the table in the triggers, too.
    if connection.vendor == "sqlite":
        sql.run("PRAGMA legacy_alter_table = ON")
    yield
    if connection.vendor == "sqlite":
        sql.run("PRAGMA legacy_alter_table = OFF")


@contextmanager
def _another_holds() -> Iterator[None]:
    if connection.vendor == "sqlite":
        with closing(sqlite3.connect(str(connection.settings_dict["NAME"]), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
        return
    with psycopg.connect(**connection.get_connection_params()) as holder:
        holder.execute(f"LOCK TABLE {TABLE} IN ACCESS EXCLUSIVE MODE")
        yield


def _wait_at_most(milliseconds: str) -> None:
    if connection.vendor == "sqlite":
        sql.rows(f"PRAGMA busy_timeout = {milliseconds}")
    else:
        sql.run(f"SET lock_timeout = {milliseconds}")


def _set_read_only(value: str) -> None:
    if connection.vendor == "sqlite":
        sql.run(f"PRAGMA query_only = {value}")
    else:
        sql.run(f"SET default_transaction_read_only = {value}")


def _has_role() -> bool:
    return bool(sql.rows("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE]))
