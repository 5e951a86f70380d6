"""`adieu backup` and `adieu restore`: what they do, and each thing that they refuse, changing nothing."""

import hashlib
import io
import json
import shutil
import socket
import sqlite3
import tarfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from adieu.kit.errors import UnableToStart
from adieu.ops.restoring import restore
from tests.support.dumps import dump, execute
from tests.support.houses import wait_until
from tests.support.installations import adieu, installation, main_database
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


def manifest_of(backup: Path) -> dict[str, Any]:
    with tarfile.open(backup) as archive:
        file = archive.extractfile("manifest.json")
        assert file
        said: dict[str, Any] = json.load(file)
        return said


def rewritten(backup: Path, target: Path, *, data: bytes | None = None, **changed: object) -> Path:
    """Write a backup anew, with something else in its manifest or in the place of its data."""
    with tarfile.open(backup) as old, tarfile.open(target, "w") as new:
        kept = old.extractfile("data")
        assert kept
        parts = {
            "manifest.json": json.dumps({**manifest_of(backup), **changed}).encode(),
            "data": kept.read() if data is None else data,
        }
        for name, content in parts.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            new.addfile(member, io.BytesIO(content))
    return target


def counts(database: Path | str) -> list[str]:
    return [row["count"].strip("'") for row in dump(database)["deletion_reasoncount"]]


def test_a_backup_is_one_file_for_its_owner_that_says_what_it_is(
    settings: dict[str, str], backup: Path
) -> None:
    assert backup.stat().st_mode & 0o777 == 0o600
    assert list(backup.parent.iterdir()) == [backup]
    said = manifest_of(backup)
    assert (said["format"], said["adieu"]) == (1, "0.1.0")
    assert said["kind"] == ("postgresql" if settings["ADIEU_DATABASE_URL"] else "sqlite")
    assert {"accounts", "deletion", "tenancy", "account"} <= set(said["migrations"])
    ledger = (Path(settings["ADIEU_DATA_DIR"]) / "ledger.jsonl").read_text().splitlines()
    assert said["installation_id"] in ledger[0]
    assert said["ledger_number"] == 1


def test_a_backup_writes_over_nothing(settings: dict[str, str], backup: Path) -> None:
    before = backup.read_bytes()
    line = f"adieu: {backup} is there already; a backup writes over nothing.\n"
    assert adieu(settings, "backup", str(backup)) == (2, line)
    assert backup.read_bytes() == before


def test_a_folder_that_is_not_there_is_one_line(settings: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "nowhere" / "file"
    line = f"adieu: {file} cannot be written (No such file or directory).\n"
    assert adieu(settings, "backup", str(file)) == (2, line)


def test_a_restore_brings_back_every_row_and_nothing_else(settings: dict[str, str], backup: Path) -> None:
    main = main_database(settings)
    before = dump(main)
    # A table of a newer version stands in the way of nothing, and does not stay.
    execute(main, "UPDATE deletion_reasoncount SET count = 9", NEWER_TABLE, "INSERT INTO newer VALUES (1)")
    status, said = adieu(settings, "restore", str(backup))
    assert status == 0, said
    assert said == (
        f"The main database is as it was at {manifest_of(backup)['made_at']} (Adieu 0.1.0).\n"
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


def unreadable(backup: Path, folder: Path) -> Iterator[tuple[Path, str]]:
    """Give files that this version cannot read, and what is said of each."""
    other = {"sqlite": "postgresql", "postgresql": "sqlite"}[manifest_of(backup)["kind"]]
    text, empty = folder / "text", folder / "empty"
    text.write_text("dear diary")
    with tarfile.open(empty, "w"):
        pass
    yield text, "is no backup of Adieu"
    yield folder / "nowhere", "cannot be unpacked (No such file or directory)"
    yield folder, "cannot be unpacked (Is a directory)"
    yield empty, "is no backup of Adieu"
    yield rewritten(backup, folder / "wrong", migrations=3), "is no backup of Adieu"
    yield rewritten(backup, folder / "newer", format=2), "has format 2, and this version of Adieu knows 1"
    yield (
        rewritten(backup, folder / "unknown", migrations={"accounts": "0099_later"}, adieu="9.0"),
        "made by a newer Adieu (9.0): this version does not know the migration 0099_later of accounts",
    )
    yield rewritten(backup, folder / "other", kind=other), "and the main database here is a"
    yield rewritten(backup, folder / "odd", kind="odd"), "is of a database of another kind"


def test_what_this_version_cannot_read_is_refused(backup: Path, tmp_path: Path) -> None:
    for file, why in unreadable(backup, tmp_path):
        with pytest.raises(UnableToStart) as refusal:
            list(restore(file))
        assert why in str(refusal.value)
        assert str(file) in str(refusal.value)


def misfits(backup: Path, folder: Path) -> Iterator[tuple[Path, str]]:
    """Give files that can be read and must not be restored here, and what is said of each."""
    another_id = "0" * 8 + manifest_of(backup)["installation_id"][8:]
    yield rewritten(backup, folder / "another", installation_id=another_id), "is of another installation"
    yield rewritten(backup, folder / "ahead", ledger_number=5), "The ledger is older than"
    yield rewritten(backup, folder / "damaged", data=b"no data"), "is damaged"
    cut = folder / "cut"
    cut.write_bytes(backup.read_bytes()[: backup.stat().st_size // 2])
    yield cut, "is no backup of Adieu, or a part of it is missing"
    digest = hashlib.sha256(b"no data").hexdigest()
    yield rewritten(backup, folder / "empty", data=b"no data", digest=digest), "holds no "


def test_what_does_not_belong_here_is_refused_and_nothing_changed(
    settings: dict[str, str], backup: Path, tmp_path: Path
) -> None:
    main = main_database(settings)
    before = dump(main)
    for file, why in misfits(backup, tmp_path):
        status, said = adieu(settings, "restore", str(file))
        assert (status, said.count("\n")) == (2, 1), said
        assert why in said
        assert str(file) in said
    assert dump(main) == before


def test_without_its_ledger_keys_or_vault_nothing_is_restored(settings: dict[str, str], backup: Path) -> None:
    data = Path(settings["ADIEU_DATA_DIR"])
    lost = {"ledger.jsonl": "The ledger is missing", "keys/pepper-1.key": "pepper-1.key is not there"}
    if not settings["ADIEU_VAULT_URL"]:
        lost["vault.sqlite3"] = "vault.sqlite3 is gone; bring it back from a copy first"
    before = dump(main_database(settings))
    for name, why in lost.items():
        shutil.move(data / name, data / f"{name}.away")
        status, said = adieu(settings, "restore", str(backup))
        shutil.move(data / f"{name}.away", data / name)
        assert (status, said.count("\n")) == (2, 1), said
        assert why in said
    assert dump(main_database(settings)) == before


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


@pytest.mark.only_on("postgresql")
@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("", "pg_dump is not on the PATH"),
        ("echo 'pg_dump (PostgreSQL) 9.6.1'", "pg_dump is of PostgreSQL 9, and the server is of "),
        ("[ $1 = --version ] && exec {tool} --version; exit 3", "pg_dump could not copy the main database"),
    ],
    ids=["missing", "older", "failing"],
)
def test_a_tool_that_is_missing_old_or_fails_is_one_line(
    settings: dict[str, str], tmp_path: Path, script: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = shutil.which("pg_dump")
    if script:
        fake = tmp_path / "pg_dump"
        fake.write_text(f"#!/bin/sh\n{script.format(tool=tool)}\n")
        fake.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))
    status, said = adieu(settings, "backup", str(tmp_path / "backup"))
    assert (status, said.count("\n")) == (2, 1), said
    assert why in said
    assert not (tmp_path / "backup").exists()


def wait_until_it_listens(settings: dict[str, str]) -> None:
    """Wait without asking anything."""
    host, _, port = settings["ADIEU_BIND"].partition(":")

    def listens() -> bool:
        with closing(socket.socket()) as probe:
            return probe.connect_ex((host, int(port))) == 0

    wait_until(listens, "a console that listens")
