"""An installation of a test's own, and commands that are run on it."""

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from tests.support.houses import wait_until
from tests.support.postgresql import database
from tests.support.served import free_port, start

SECONDS = 60


@contextmanager
def installation(folder: Path) -> Iterator[dict[str, str]]:
    """Give the settings of one that is migrated, on the database that the tests run on."""
    with settings_of_its_own(folder) as given:
        assert adieu(given, "migrate") == (0, "")
        yield given


@contextmanager
def settings_of_its_own(folder: Path) -> Iterator[dict[str, str]]:
    """Give the settings of an installation that is not there yet."""
    given = {
        "ADIEU_DATA_DIR": str(folder / "data"),
        "ADIEU_BIND": f"127.0.0.1:{free_port()}",
        "ADIEU_DATABASE_URL": "",
        "ADIEU_VAULT_URL": "",
    }
    with ExitStack() as made:
        if server := os.environ.get("ADIEU_DATABASE_URL"):
            given["ADIEU_DATABASE_URL"] = made.enter_context(database(server, "own"))
            given["ADIEU_VAULT_URL"] = made.enter_context(database(server, "own_vault"))
        yield given


def adieu(settings: dict[str, str], *command: str, typed: str = "") -> tuple[int, str]:
    """Run one command, type something to it, and give its exit code and all it said."""
    process = start(settings, *command, stdin=subprocess.PIPE)
    said, _ = process.communicate(typed, timeout=SECONDS)
    return process.returncode, said


def main_database(settings: dict[str, str]) -> Path | str:
    """Give the place of an installation's main database."""
    return settings["ADIEU_DATABASE_URL"] or Path(settings["ADIEU_DATA_DIR"]) / "adieu.sqlite3"


def wait_until_it_listens(settings: dict[str, str]) -> None:
    """Wait without asking anything."""
    host, _, port = settings["ADIEU_BIND"].partition(":")

    def listens() -> bool:
        with closing(socket.socket()) as probe:
            return probe.connect_ex((host, int(port))) == 0

    wait_until(listens, "a console that listens")
