"""Bringing the databases back to how they were at the start; SQLite's stand in the data folder."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg

from tests.support.postgresql import at


@dataclass
class Copies:
    """The databases that lives use, by setting, and the server they are on; empty on SQLite."""

    server: str
    names: dict[str, str]

    @property
    def urls(self) -> dict[str, str]:
        """The databases' addresses, as the settings have them."""
        return {setting: at(self.server, name) for setting, name in self.names.items()}

    def keep_start(self) -> None:
        """Remember how the databases are now."""
        for name in self.names.values():
            self._run(f"CREATE DATABASE {name}_start TEMPLATE {name}")

    def go_back(self) -> None:
        """Make the databases as they were at the start."""
        for name in self.names.values():
            self._run(f"DROP DATABASE {name} WITH (FORCE)")
            self._run(f"CREATE DATABASE {name} TEMPLATE {name}_start")

    def _run(self, statement: str) -> None:
        with psycopg.connect(self.server, autocommit=True) as connection:
            connection.execute(statement)


@contextmanager
def copies() -> Iterator[Copies]:
    """Make databases of their own on the server that the tests run on; none on SQLite."""
    server = os.environ.get("ADIEU_DATABASE_URL", "")
    end = secrets.token_hex(4)
    names = {"ADIEU_DATABASE_URL": f"adieu_crash_{end}", "ADIEU_VAULT_URL": f"adieu_crash_vault_{end}"}
    made = Copies(server, names if server else {})
    for name in made.names.values():
        made._run(f"CREATE DATABASE {name}")
    try:
        yield made
    finally:
        for name in made.names.values():
            made._run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            made._run(f"DROP DATABASE IF EXISTS {name}_start WITH (FORCE)")
