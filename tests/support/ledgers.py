"""Ledgers of each kind, for tests that hold on both."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from django.conf import settings
from django.test import override_settings

from adieu.ledger.files import FileStore
from adieu.ledger.places import installed_ledger
from adieu.ledger.tables import TableStore


@contextmanager
def fresh_ledger(folder: Path) -> Iterator[FileStore | TableStore]:
    """Make an empty ledger: in a database of its own when the tests run on PostgreSQL, else in a file."""
    with place_for_a_ledger(folder) as store:
        store.create()
        yield store


@contextmanager
def place_for_a_ledger(folder: Path) -> Iterator[FileStore | TableStore]:
    """Give a ledger that is not made yet, and let the settings name it meanwhile."""
    server = os.environ.get("ADIEU_DATABASE_URL")
    if not server:
        with override_settings(LEDGER=folder / "ledger.jsonl"):
            yield installed_ledger()
        return
    with _database(server) as url, override_settings(LEDGER=url):
        yield installed_ledger()


def hide_ledger() -> None:
    """Take the ledger of the settings away, so that nobody can write it."""
    _rename("", "_hidden")


def show_ledger() -> None:
    """Put it back."""
    _rename("_hidden", "")


def _rename(old: str, new: str) -> None:
    place = settings.LEDGER
    if isinstance(place, Path):
        place.with_name(f"ledger{old}.jsonl").rename(place.with_name(f"ledger{new}.jsonl"))
        return
    with psycopg.connect(place) as connection:
        connection.execute(f"ALTER TABLE adieu_ledger{old} RENAME TO adieu_ledger{new}")


@contextmanager
def _database(server: str) -> Iterator[str]:
    name = f"adieu_ledger_{secrets.token_hex(4)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
