"""Ledgers of each kind, for tests that hold on both."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

from adieu.ledger.files import FileStore
from adieu.ledger.tables import TableStore


@contextmanager
def fresh_ledger(folder: Path) -> Iterator[FileStore | TableStore]:
    """Make an empty ledger: in a database of its own when the tests run on PostgreSQL, else in a file."""
    server = os.environ.get("ADIEU_DATABASE_URL")
    if server:
        with _database(server) as url:
            yield _created(TableStore(url))
    else:
        yield _created(FileStore(folder / "ledger.jsonl"))


def _created[S: FileStore | TableStore](store: S) -> S:
    store.create()
    return store


@contextmanager
def _database(server: str) -> Iterator[str]:
    name = f"adieu_ledger_{secrets.token_hex(4)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
