"""Making sure that what was erased has left the vault's files (Rule P3).

Note [Three places where erased bytes stay]

1. The row itself. SQLite's `secure_delete` overwrites it; PostgreSQL only marks it.
2. The write-ahead log. SQLite's holds older pages until it is cut, and an open reader makes SQLite skip the
   cutting without an error; so the answer and the log's size are checked. PostgreSQL's is a row of files,
   which go at a checkpoint once the log has moved on to a new one.
3. The unused middle of a table's page. When SQLite moves rows between pages it leaves copies there,
   which no later delete overwrites, with `secure_delete` or without; PostgreSQL leaves every old version of
   a row there. Only VACUUM (there: FULL), which writes every page anew, removes them. It takes time with the
   vault's size, so it is owed by what erases a person and paid by the next checkpoint; a kill in between
   loses nothing, for the debt is a row. Sessions that end and mails that are delivered owe nothing of their
   own: the worker owes one compaction a day for them, and the deletion of their person owes another.

How each database does it stands in `sqlite.py` and `postgresql.py`.
"""

from datetime import timedelta
from typing import Protocol

from django.db import connections

from adieu.kit.errors import Fact
from adieu.vault import postgresql, sqlite
from adieu.vault.debts import owe_compaction
from adieu.vault.router import VAULT
from adieu.vault.waiting import UnableToCheckpoint

__all__ = ["InsideTransaction", "UnableToCheckpoint", "checkpoint", "owe_compaction"]

TRIES = 20
PAUSE = timedelta(milliseconds=50)


class Cleaner(Protocol):
    """What a kind of database must be able to do."""

    def clean(self, *, tries: int, pause: timedelta) -> None:
        """Pay the compaction that is owed, if any, and empty the log; raise UnableToCheckpoint."""


CLEANERS: dict[str, Cleaner] = {"sqlite": sqlite, "postgresql": postgresql}


class InsideTransaction(Fact):
    """The vault cannot be checkpointed inside a transaction."""


def checkpoint(*, tries: int = TRIES, pause: timedelta = PAUSE) -> None:
    """Remove what was erased from every file of the vault. See Note [Three places].

    Args:
        tries: how often to try whatever somebody else may hold up.
        pause: how long to wait between tries.

    Raises:
        UnableToCheckpoint: somebody kept reading or writing the vault, or its server cannot keep the promise.
        InsideTransaction: the caller holds a transaction on the vault.
    """
    connection = connections[VAULT]
    if connection.in_atomic_block:
        raise InsideTransaction
    CLEANERS[connection.vendor].clean(tries=tries, pause=pause)
