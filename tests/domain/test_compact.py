"""`adieu compact` says what it did, or what is in the way (Rule P3)."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from tests.support.postgresql import database
from tests.support.served import start


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[dict[str, str]]:
    """An installation of its own, migrated."""
    given = {"ADIEU_DATA_DIR": str(tmp_path / "data"), "ADIEU_DATABASE_URL": "", "ADIEU_VAULT_URL": ""}
    with ExitStack() as made:
        if server := os.environ.get("ADIEU_DATABASE_URL"):
            given["ADIEU_DATABASE_URL"] = made.enter_context(database(server, "compact"))
            given["ADIEU_VAULT_URL"] = made.enter_context(database(server, "compact_vault"))
        assert adieu(given, "migrate") == (0, "")
        yield given


def adieu(settings: dict[str, str], command: str) -> tuple[int, str]:
    """Run one command, and give its exit code and all it said."""
    process = start(settings, command)
    said, _ = process.communicate(timeout=60)
    return process.returncode, said


@pytest.mark.only_on("sqlite")
def test_a_vault_on_sqlite_is_compacted(settings: dict[str, str]) -> None:
    said = "The vault is compacted: a SQLite file; a compaction writes it anew and cuts its log.\n"
    assert adieu(settings, "compact") == (0, said)


@pytest.mark.only_on("postgresql")
def test_a_vault_on_postgresql_is_compacted_unless_an_old_snapshot_is_open(settings: dict[str, str]) -> None:
    said = "The vault is compacted: PostgreSQL; a compaction looks for older files on the server.\n"
    assert adieu(settings, "compact") == (0, said)
    with psycopg.connect(settings["ADIEU_VAULT_URL"]) as other:
        other.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        other.execute("SELECT 1")
        said = "adieu: Erased bytes may still stand in the vault's files: an old snapshot is still open.\n"
        assert adieu(settings, "compact") == (1, said)
    assert adieu(settings, "compact")[0] == 0


@pytest.mark.only_on("postgresql")
def test_a_server_that_cannot_keep_the_promise_is_refused_at_the_start(settings: dict[str, str]) -> None:
    vault = settings["ADIEU_VAULT_URL"]
    with psycopg.connect(vault, autocommit=True) as other:
        name = other.info.dbname
        other.execute(f"ALTER DATABASE {name} SET log_statement = 'all'")
    status, said = adieu(settings, "migrate")
    assert status == 2
    assert said.startswith("adieu: ADIEU_VAULT_URL: log_statement is all, so values would stand")
    status, said = adieu(settings, "doctor")
    assert status == 1
    assert "WRONG   ADIEU_VAULT_URL: log_statement is all" in said


@pytest.mark.only_on("postgresql")
def test_the_main_database_is_no_vault_by_whatever_name(settings: dict[str, str]) -> None:
    main = settings["ADIEU_DATABASE_URL"]
    again = f"{main}{'&' if '?' in main else '?'}port=5432"
    status, said = adieu({**settings, "ADIEU_VAULT_URL": again}, "migrate")
    assert (status, said) == (
        2,
        "adieu: ADIEU_VAULT_URL: is the very database that ADIEU_DATABASE_URL names.\n",
    )


@pytest.mark.only_on("postgresql")
def test_the_vault_of_another_installation_is_refused(settings: dict[str, str], tmp_path: Path) -> None:
    status, said = adieu({**settings, "ADIEU_DATA_DIR": str(tmp_path / "another")}, "migrate")
    assert status == 2
    assert "The vault belongs to another installation" in said
