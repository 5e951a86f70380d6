"""`adieu backup` and `adieu restore`, as commands; what they refuse: `test_backups_refused.py`."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from tests.support.dumps import dump, execute
from tests.support.installations import adieu, installation, main_database, wait_until_it_listens
from tests.support.served import start

NEWER_TABLE = "CREATE TABLE newer (id bigint PRIMARY KEY)"
REASON = "INSERT INTO deletion_reasoncount (week, reason, count) VALUES ('2030-03-04', 'privacy', {})"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """An installation; its tests leave it as it was."""
    with installation(tmp_path_factory.mktemp("backups")) as made:
        yield made


@pytest.fixture(scope="module")
def backup(settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of it, with one row that shows where it comes from."""
    execute(main_database(settings), REASON.format(7))
    file = tmp_path_factory.mktemp("kept") / "monday.adieu"
    status, said = adieu(settings, "backup", str(file))
    assert (status, said) == (
        0,
        f"The main database is in {file}. The vault, the ledger and the keys are not in it.\n",
    )
    return file


def counts(database: Path | str) -> list[str]:
    return [row["count"].strip("'") for row in dump(database)["deletion_reasoncount"]]


def test_a_restore_brings_back_every_row_and_nothing_else(settings: dict[str, str], backup: Path) -> None:
    main = main_database(settings)
    before = dump(main)
    # A table of a newer version stands in the way of nothing, and does not stay.
    execute(main, "UPDATE deletion_reasoncount SET count = 9", NEWER_TABLE, "INSERT INTO newer VALUES (1)")
    status, said = adieu(settings, "restore", str(backup))
    assert status == 0, said
    first, _, rest = said.partition("\n")
    assert re.fullmatch(r"The main database is as it was at 20\S+ \(Adieu 0\.1\.0\)\.", first)
    assert rest == (
        "Changes since then that the ledger told of, made again: 0.\n"
        "Start Adieu; its worker erases what is left to erase.\n"
    )
    assert dump(main) == before
    assert counts(main) == ["7"]
    assert not [path for path in Path(settings["ADIEU_DATA_DIR"]).iterdir() if "restor" in path.name]


FENCED_ACCOUNT = """
    INSERT INTO accounts_account (id, email, password, registered_at)
    VALUES ('11111111111111111111111111111111', 'sealed@sealed.invalid', '!', '2030-03-04')
"""
FENCED_REQUEST = """
    INSERT INTO deletion_deletionrequest
    (id, account_id, state, reason, opened_at, intent_fence, intended_at)
    VALUES ('22222222222222222222222222222222', '11111111111111111111111111111111', 'open', 'privacy',
    '2030-03-04', '33333333333333333333333333333333', '2030-03-04')
"""


def test_a_confirmation_that_was_under_way_at_the_backup_is_not_taken_for_cut_off(
    settings: dict[str, str], tmp_path: Path
) -> None:
    """It may have gone on after that; what became of it, the ledger knows or nobody (Rule L1)."""
    main, file = main_database(settings), tmp_path / "between.adieu"
    execute(main, FENCED_ACCOUNT, FENCED_REQUEST)
    assert adieu(settings, "backup", str(file))[0] == 0
    status, said = adieu(settings, "restore", str(file))
    assert status == 0, said
    [request] = dump(main)["deletion_deletionrequest"]
    assert (request["state"], request["intent_fence"], request["intended_at"]) == ("'open'", "NULL", "NULL")
    execute(main, "DELETE FROM deletion_deletionrequest", "DELETE FROM accounts_account")


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize("left", [None, b"this is no database any more" * 1000], ids=["lost", "damaged"])
def test_a_database_that_is_lost_or_damaged_is_restored(
    settings: dict[str, str], backup: Path, left: bytes | None
) -> None:
    main = Path(settings["ADIEU_DATA_DIR"]) / "adieu.sqlite3"
    before = dump(main)
    log = main.with_name(f"{main.name}-wal")
    with closing(sqlite3.connect(main, isolation_level=None)) as other:
        other.execute("UPDATE deletion_reasoncount SET count = 99")
        written = log.read_bytes()
    main.unlink()
    if left:
        main.write_bytes(left)
    # Beside the restored file, SQLite would take it for that one's.
    log.write_bytes(written)
    status, said = adieu(settings, "restore", str(backup))
    assert status == 0, said
    assert dump(main) == before
    assert main.stat().st_mode & 0o777 == 0o600


@pytest.mark.only_on("sqlite")
def test_beside_a_vault_that_is_gone_nothing_is_restored(settings: dict[str, str], backup: Path) -> None:
    vault = Path(settings["ADIEU_DATA_DIR"]) / "vault.sqlite3"
    away = vault.rename(vault.with_name("away"))
    line = f"adieu: {vault} is gone; bring it back from a copy first.\n"
    assert adieu(settings, "restore", str(backup)) == (2, line)
    away.rename(vault)


@pytest.mark.only_on("sqlite")
def test_beside_a_vault_that_cannot_be_read_nothing_is_restored(
    settings: dict[str, str], backup: Path
) -> None:
    vault = Path(settings["ADIEU_DATA_DIR"]) / "vault.sqlite3"
    before = dump(main_database(settings))
    away = vault.rename(vault.with_name("away"))
    vault.write_bytes(b"this is no database any more" * 1000)
    try:
        status, said = adieu(settings, "restore", str(backup))
        assert (status, said.count("\n")) == (2, 1), said
        assert said.startswith(f"adieu: {vault} cannot be used (")
        assert dump(main_database(settings)) == before
    finally:
        away.rename(vault)


def test_a_console_that_nobody_has_asked_anything_runs_too(settings: dict[str, str], backup: Path) -> None:
    """It has no connection to the database yet, and would serve what the ledger was not replayed into."""
    console = start(settings, "web")
    assert console.stdout
    try:
        wait_until_it_listens(settings)
        status, said = adieu(settings, "restore", str(backup))
        assert (status, "Adieu is running" in said) == (2, True), said
    finally:
        console.terminate()
        console.wait()


@pytest.mark.only_on("sqlite")
def test_a_file_that_another_program_has_open_is_not_replaced(settings: dict[str, str], backup: Path) -> None:
    main = Path(settings["ADIEU_DATA_DIR"]) / "adieu.sqlite3"
    with closing(sqlite3.connect(main)) as other:
        other.execute("SELECT count(*) FROM ledger_mark").fetchone()
        line = f"adieu: Somebody has {main} open; nothing was changed.\n"
        assert adieu(settings, "restore", str(backup)) == (2, line)


@pytest.mark.only_on("postgresql")
def test_a_database_that_somebody_else_is_connected_to_is_not_replaced(
    settings: dict[str, str], backup: Path
) -> None:
    with psycopg.connect(settings["ADIEU_DATABASE_URL"]):
        status, said = adieu(settings, "restore", str(backup))
    assert (status, said.count("\n")) == (2, 1), said
    assert said.startswith("adieu: Somebody is connected to the main database")
