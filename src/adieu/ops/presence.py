"""Who works on an installation, so that no database is replaced under a process that serves it (Rule L2).

Note [Presence]
A web process that nobody has asked anything yet has no connection to the database. It would answer the first
request after a restore, before the ledger was replayed. So every process that serves or works holds a lock,
shared, for as long as it lives; a restore takes it for itself alone and keeps it until the ledger was
replayed, and so does a rotation of the pepper, which such a process would know nothing of. Beside a SQLite
file it is a lock on a file in the data folder, which the system takes back from whoever dies. On PostgreSQL
it is a lock of a connection of its own, which other machines see, too.
"""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
from django.conf import settings
from django.db import connections

from adieu.kit.errors import UnableToStart

FILE = "adieu.lock"
# Any number that nobody else uses; advisory locks are of one database.
KEY = 2030_0305
# A process that was killed a moment ago may still be let go of by the server.
TRIES = 5
PAUSE = 0.25

_held: list[object] = []


class RestoreUnderWay(UnableToStart):
    """A restore, or a rotation of the pepper, is under way on this database; wait until it has ended."""


class Running(UnableToStart):
    """Adieu is running on this database; stop every process of it first, on every machine."""


def show() -> None:
    """Show that this process serves or works, until it ends.

    Raises:
        RestoreUnderWay: it must not.
    """
    is_server = connections["default"].vendor == "postgresql"
    held = _share_server() if is_server else _share_folder()
    if held is None:
        raise RestoreUnderWay
    _held.append(held)


def _share_folder() -> object | None:
    file = _open_file()
    if _try_file(file, fcntl.LOCK_SH):
        return file
    os.close(file)
    return None


def _share_server() -> object | None:
    database = connections["default"]
    # By the driver itself: Django warns of a question that is asked before the apps are ready.
    with database.wrap_database_errors:
        connection: psycopg.Connection = database.get_new_connection(database.get_connection_params())
        connection.autocommit = True
        row = connection.execute("SELECT pg_try_advisory_lock_shared(%s)", [KEY]).fetchone()
    if row and row[0]:
        return connection
    connection.close()
    return None


@contextmanager
def alone() -> Iterator[None]:
    """Make sure that nobody serves or works, and that nobody begins to meanwhile.

    Raises:
        Running: somebody does.
    """
    is_server = connections["default"].vendor == "postgresql"
    with _alone_on_server() if is_server else _alone_in_folder():
        yield


@contextmanager
def _alone_in_folder() -> Iterator[None]:
    file = _open_file()
    try:
        if not wait_for(lambda: _try_file(file, fcntl.LOCK_EX)):
            raise Running
        yield
    finally:
        os.close(file)


@contextmanager
def _alone_on_server() -> Iterator[None]:
    connection = connections.create_connection("default")
    with connection.cursor() as cursor:

        def is_alone() -> bool:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [KEY])
            return bool(cursor.fetchone()[0])

        try:
            if not wait_for(is_alone):
                raise Running
            yield
        finally:
            connection.close()


def wait_for(holds: Callable[[], bool]) -> bool:
    """Look again for a few seconds, and tell whether it came true."""
    for attempt in range(TRIES):
        if attempt:
            time.sleep(PAUSE)
        if holds():
            return True
    return False


def _open_file() -> int:
    return os.open(settings.ADIEU.data_dir / FILE, os.O_CREAT | os.O_RDWR, 0o600)


def _try_file(file: int, kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
