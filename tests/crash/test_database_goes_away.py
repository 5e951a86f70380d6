"""The database goes away at every point of a deletion and comes back, and the process lives on (Rule D8)."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.crash.lives import Lives, prepared_lives
from tests.crash.outages import Killed
from tests.crash.story import check_the_end, check_the_mails
from tests.support.postgresql import start as start_server


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, is_on_server: bool) -> Path:
    """Where the server's data is. Other runs of tests close pytest's own folder to the server's user."""
    return (
        Path(tempfile.mkdtemp(prefix="adieu-outages-")) if is_on_server else tmp_path_factory.mktemp("none")
    )


@pytest.fixture(scope="module")
def is_on_server(pytestconfig: pytest.Config) -> bool:
    return bool(pytestconfig.getoption("--database") == "postgresql")


@pytest.fixture(scope="module")
def server(folder: Path, is_on_server: bool) -> Iterator[str]:
    """A server that only these tests use, so that it can be killed."""
    if not is_on_server:
        yield ""
        return
    address = start_server(folder, is_fit_for_a_vault=True)
    yield address
    # Whoever started it first does not know the one that was started last.
    Killed(address, str(folder)).begin()


@pytest.fixture(scope="module")
def lives(tmp_path_factory: pytest.TempPathFactory, server: str) -> Iterator[Lives]:
    with prepared_lives(tmp_path_factory.mktemp("outages"), server) as running:
        yield running


def suffer(lives: Lives, kind: str, server: str, folder: Path) -> dict[str, bool]:
    """Let it go away at every point, and tell at which that was possible.

    What comes while it is away, and succeeds all the same, has its turn in a life of its own.
    """
    lives.go_back()
    points = set(lives("record", "plain")[1])
    met: dict[str, bool] = {}
    while missing := points - set(met):
        found = suffer_once(lives, [kind, server, str(folder), *met])
        assert found, missing
        met |= found
    return met


def suffer_once(lives: Lives, words: list[str]) -> dict[str, bool]:
    """Live through it once, and check how it ends."""
    lives.go_back()
    start, before = lives("look")[1], len(lives.mail.messages)
    status, said = lives("suffer", *words)
    assert status == 0, lives.errors
    met, end = said
    check_the_end(lives.data, end, start, "plain")
    check_the_mails(lives.mail.messages[before:], "plain")
    return dict(met)


def test_the_disk_is_full_at_every_point(
    lives: Lives, server: str, folder: Path, record_property: Any
) -> None:
    met = suffer(lives, "full", server, folder)
    assert all(met.values())
    record_property("points at which the disk was full", len(met))


@pytest.mark.only_on("sqlite")
def test_somebody_else_locks_the_databases_at_every_point(
    lives: Lives, server: str, folder: Path, record_property: Any
) -> None:
    met = suffer(lives, "locked", server, folder)
    assert {"step.settled", "crossing.committed"} <= set(met)
    record_property("points at which a database was locked", sum(met.values()))


@pytest.mark.only_on("postgresql")
def test_the_server_is_killed_at_every_point(
    lives: Lives, server: str, folder: Path, record_property: Any
) -> None:
    met = suffer(lives, "killed", server, folder)
    record_property("points at which the database server was killed", len(met))
