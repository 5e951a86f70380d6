"""What a backup says of itself, and each backup that is refused, changing nothing (Rules L1, L2)."""

import hashlib
import io
import json
import shutil
import sqlite3
import tarfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connections

from adieu.accounts.models import Account
from adieu.kit.crashing import installed
from adieu.kit.errors import UnableToStart
from adieu.ledger.entries import NOTHING
from adieu.ledger.opening import open_ledger
from adieu.ledger.places import installed_ledger
from adieu.ops import presence, vaults
from adieu.ops.backups import UnableToBackUp, back_up
from adieu.ops.packing import digest_of
from adieu.ops.restoring import restore
from tests.support.ledgers import hide_ledger, place_for_a_ledger, show_ledger
from tests.support.people import join

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])


@pytest.fixture
def backup(tmp_path: Path, now: datetime) -> Iterator[Path]:
    """A backup in which Alice is, beside its ledger and its vault."""
    vaults.pair()
    with place_for_a_ledger(tmp_path) as store:
        open_ledger(store=store, now=now)
        join("alice@example.org", now)
        (tmp_path / "kept").mkdir()
        file = tmp_path / "kept" / "monday.adieu"
        back_up(file, now=now)
        yield file


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


def of_parts(target: Path, *, manifest: bytes, data: tarfile.TarInfo | None = None) -> Path:
    """Write what may be no backup."""
    said = tarfile.TarInfo("manifest.json")
    said.size = len(manifest)
    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(said, io.BytesIO(manifest))
        archive.addfile(data or tarfile.TarInfo("data"))
    return target


def refusal_of(file: Path) -> str:
    """Try to restore it, and give what is said."""
    with pytest.raises(UnableToStart) as refusal:
        list(restore(file))
    return str(refusal.value)


def accounts() -> list[Any]:
    return list(Account.objects.values())


def test_a_backup_is_one_file_for_its_owner_that_says_what_it_is(backup: Path, now: datetime) -> None:
    assert backup.stat().st_mode & 0o777 == 0o600
    assert list(backup.parent.iterdir()) == [backup]
    said = manifest_of(backup)
    assert (said["format"], said["adieu"], said["made_at"]) == (1, "0.1.0", now.isoformat())
    assert said["kind"] == connections["default"].vendor
    assert {"accounts", "deletion", "tenancy", "account"} <= set(said["migrations"])
    first = next(iter(installed_ledger().entries()))
    assert said["installation_id"] == first.body["installation"]
    assert (said["ledger_number"], said["ledger_chain"]) == (0, NOTHING)


def test_a_backup_writes_over_nothing(backup: Path, now: datetime) -> None:
    before = backup.read_bytes()
    with pytest.raises(UnableToBackUp, match="is there already; a backup writes over nothing"):
        back_up(backup, now=now)
    assert backup.read_bytes() == before


def test_a_folder_that_is_not_there_is_named(backup: Path, now: datetime) -> None:
    file = backup.parent / "nowhere" / "file"
    with pytest.raises(UnableToBackUp, match=r"cannot be written \(No such file or directory\)"):
        back_up(file, now=now)


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
    endless = float("inf")
    yield rewritten(backup, folder / "endless", format=endless), "is no backup of Adieu"
    yield rewritten(backup, folder / "far", ledger_number=endless), "is no backup of Adieu"
    yield rewritten(backup, folder / "list", migrations=[["deletion", ["a"]]]), "does not know the migration"
    yield of_parts(folder / "deep", manifest=b"[" * 200_000), "is no backup of Adieu"


def misfits(backup: Path, folder: Path) -> Iterator[tuple[Path, str]]:
    """Give files that can be read and must not be restored here, and what is said of each."""
    another_id = "0" * 8 + manifest_of(backup)["installation_id"][8:]
    yield rewritten(backup, folder / "another", installation_id=another_id), "is of another installation"
    yield rewritten(backup, folder / "ahead", ledger_number=5), "The ledger is older than"
    yield rewritten(backup, folder / "damaged", data=b"no data"), "is damaged"
    cut = folder / "cut"
    cut.write_bytes(backup.read_bytes()[: backup.stat().st_size // 2])
    yield cut, "is no backup of Adieu, or a part of it is missing"
    said = json.dumps(manifest_of(backup)).encode()
    link = tarfile.TarInfo("data")
    link.type, link.linkname = tarfile.SYMTYPE, "data"
    yield of_parts(folder / "link", manifest=said, data=link), "is no backup of Adieu, or a part of it"
    huge = tarfile.TarInfo("data")
    # What GNU tar makes of a file that is all holes.
    huge.pax_headers = {"GNU.sparse.map": "0,0", "GNU.sparse.size": "99999999999"}
    yield of_parts(folder / "holes", manifest=said, data=huge), "is no backup of Adieu, or a part of it"
    digest = hashlib.sha256(b"no data").hexdigest()
    yield rewritten(backup, folder / "empty", data=b"no data", digest=digest), "holds no "


@pytest.mark.only_on("sqlite")
def test_a_database_that_is_not_the_one_spoken_of_is_refused(backup: Path, tmp_path: Path) -> None:
    """The look at it comes before anything is replaced."""
    before = accounts()
    empty, another = tmp_path / "empty.sqlite3", tmp_path / "another.sqlite3"
    empty.touch()
    with closing(sqlite3.connect(another)) as made:
        made.execute("CREATE TABLE recipes (name)")
        made.commit()
    files = [
        rewritten(backup, tmp_path / f"of-{data.stem}", data=data.read_bytes(), digest=digest_of(data))
        for data in (empty, another)
    ]
    for file in [*files, rewritten(backup, tmp_path / "lies", ledger_number=-1)]:
        assert "or another than it says" in refusal_of(file)
    assert accounts() == before


@pytest.mark.parametrize("files", [unreadable, misfits])
def test_what_cannot_be_read_or_does_not_belong_here_is_refused(
    backup: Path, tmp_path: Path, files: Callable[[Path, Path], Iterator[tuple[Path, str]]]
) -> None:
    before = accounts()
    for file, why in files(backup, tmp_path):
        said = refusal_of(file)
        assert why in said
        assert str(file) in said
    assert accounts() == before


def test_without_its_ledger_nothing_is_restored(backup: Path) -> None:
    before = accounts()
    hide_ledger()
    assert "The ledger is missing" in refusal_of(backup)
    show_ledger()
    assert accounts() == before


def test_while_a_restore_is_under_way_nobody_begins_to_serve() -> None:
    with presence.alone(), pytest.raises(presence.RestoreUnderWay):
        presence.show()
    # What was refused holds nothing.
    with presence.alone():
        pass


@pytest.mark.only_on("postgresql")
def test_whoever_connects_while_the_dump_is_put_back_stops_it(backup: Path) -> None:
    """They would wait for our locks, and go on before the ledger was taken in."""
    before = accounts()
    with ExitStack() as others:

        def come(point: str) -> None:
            if point == "restore.begun":
                parts = connections["default"].settings_dict
                others.enter_context(
                    psycopg.connect(dbname=parts["NAME"], host=parts["HOST"], user=parts["USER"])
                )

        with installed(come):
            assert (
                refusal_of(backup)
                == "Somebody connected to the main database meanwhile; nothing was changed."
            )
    assert accounts() == before


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
    backup: Path, script: str, why: str, monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    folder = backup.parent
    tool = shutil.which("pg_dump")
    if script:
        fake = folder / "pg_dump"
        fake.write_text(f"#!/bin/sh\n{script.format(tool=tool)}\n")
        fake.chmod(0o700)
    monkeypatch.setenv("PATH", str(folder))
    with pytest.raises(UnableToStart, match=why):
        back_up(folder / "backup", now=now)
    assert not (folder / "backup").exists()
