"""Bringing the main database back to how it was at the start; SQLite's stands in the data folder."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import psycopg


@dataclass
class Copies:
    """A main database that lives use, and the server it is on; both empty on SQLite."""

    server: str = ""
    name: str = ""

    @property
    def url(self) -> str:
        """The database's address as the setting has it."""
        return _url(self.server, self.name) if self.server else ""

    def keep_start(self) -> None:
        """Remember how the database is now."""
        if self.server:
            self._run(f"CREATE DATABASE {self.name}_start TEMPLATE {self.name}")

    def go_back(self) -> None:
        """Make the database as it was at the start."""
        if self.server:
            self._run(f"DROP DATABASE {self.name} WITH (FORCE)")
            self._run(f"CREATE DATABASE {self.name} TEMPLATE {self.name}_start")

    def _run(self, statement: str) -> None:
        with psycopg.connect(self.server, autocommit=True) as connection:
            connection.execute(statement)


@contextmanager
def copies() -> Iterator[Copies]:
    """Make a database of its own on the server that the tests run on; none on SQLite."""
    server = os.environ.get("ADIEU_DATABASE_URL", "")
    if not server:
        yield Copies()
        return
    made = Copies(server, f"adieu_crash_{secrets.token_hex(4)}")
    made._run(f"CREATE DATABASE {made.name}")
    try:
        yield made
    finally:
        for name in (made.name, f"{made.name}_start"):
            made._run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _url(server: str, name: str) -> str:
    return urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
