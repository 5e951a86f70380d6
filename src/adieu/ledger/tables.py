"""A ledger in a PostgreSQL database of its own, for an installation of many machines (Rule L1)."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import psycopg

from adieu.kit.crashing import crash_point
from adieu.ledger.entries import BEGINNING, Entry, Head, Kind, as_line, follow, read_line, read_lines
from adieu.ledger.stores import UnableToAppend, UnableToRead

SECONDS_TO_CONNECT = 10
PATIENCE = 10.0
CREATE = "CREATE TABLE adieu_ledger (number bigint PRIMARY KEY, line text NOT NULL)"
LAST = "SELECT line FROM adieu_ledger ORDER BY number DESC LIMIT 1"


class TableStore:
    """Fulfils `Store` with one table; any number of machines may append."""

    def __init__(self, url: str, *, patience: float = PATIENCE) -> None:
        """Name the database, and for how many seconds to wait for another writer."""
        self._url = url
        self._patience = patience

    @property
    def place(self) -> str:
        """Its address; see `Store`."""
        return self._url

    def exists(self) -> bool:
        """Whether the table is there.

        Raises:
            UnableToRead: the server does not answer.
        """
        try:
            with self._connect() as connection:
                found = connection.execute("SELECT to_regclass('adieu_ledger')").fetchone()
        except psycopg.Error as error:
            raise UnableToRead from error
        return found is not None and found[0] is not None

    def create(self) -> None:
        """Make an empty ledger.

        Raises:
            UnableToAppend: it cannot be made, or is there already.
        """
        try:
            with self._connect() as connection:
                connection.execute(CREATE)
        except psycopg.Error as error:
            raise UnableToAppend from error

    def append(self, *, kind: Kind, body: Mapping[str, Any], now: datetime) -> Entry:
        """Add a line; see `Store`."""
        try:
            with self._connect() as connection:
                # The server's own setting may be faster than safe; a line that is taken must stay.
                connection.execute("SET LOCAL synchronous_commit TO on")
                # One writer at a time, and none that stalls for ever; readers are not held up.
                connection.execute(f"SET LOCAL lock_timeout TO '{self._patience}s'".encode())
                connection.execute("LOCK TABLE adieu_ledger IN EXCLUSIVE MODE")
                entry = follow(_head_of(connection), kind=kind, body=body, now=now)
                connection.execute("INSERT INTO adieu_ledger VALUES (%s, %s)", [entry.number, as_line(entry)])
                crash_point(f"ledger.{kind}.locked")
        except psycopg.Error as error:
            raise UnableToAppend from error
        crash_point(f"ledger.{kind}.written")
        return entry

    def refuse_if_open_to_others(self) -> None:
        """Who may read the table is the server's to say."""

    def entries(self, *, after: Head = BEGINNING) -> Iterator[Entry]:
        """Give every line after one; see `Store`."""
        try:
            with self._connect() as connection, connection.cursor(name="ledger") as cursor:
                cursor.execute(
                    "SELECT line FROM adieu_ledger WHERE number > %s ORDER BY number", [after.number]
                )
                yield from read_lines((line for (line,) in cursor), after=after)
        except psycopg.Error as error:
            raise UnableToRead from error

    def head(self) -> Head:
        """Give the end; see `Store`."""
        try:
            with self._connect() as connection:
                return _head_of(connection)
        except psycopg.Error as error:
            raise UnableToRead from error

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(self._url, connect_timeout=SECONDS_TO_CONNECT)


def _head_of(connection: psycopg.Connection) -> Head:
    row = connection.execute(LAST).fetchone()
    if row is None:
        return Head()
    last = read_line(row[0], number=0)
    return Head(last.number, last.chain)
