"""The one copy of the vault that the worker keeps (Rule P2)."""

import os
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.test import override_settings
from django.utils import timezone

from adieu.core.keeping import NotYet
from adieu.kit.sqlite_copies import open_file
from adieu.vault import copies
from adieu.vault import operations as vault
from adieu.vault.emptying import leave_no_byte
from tests.support.archives import archive_of, fetch
from tests.support.people import join

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "vault"]),
    pytest.mark.only_on("sqlite"),
]

ALICE = "alice@example.org"


@pytest.fixture
def copy(tmp_path: Path) -> Iterator[Path]:
    """The place of a copy that is made, in a folder of its own."""
    path = tmp_path / "copies" / "vault.sqlite3"
    path.parent.mkdir()
    with override_settings(VAULT_COPY=path):
        copies.renew_when_due(now=timezone.now())
        yield path


def made_at(copy: Path) -> int:
    """Tell one making from another: the new file stands in the place of the old."""
    return copy.stat().st_ino


def test_the_copy_is_one_file_for_its_owner(copy: Path) -> None:
    assert [path.name for path in copy.parent.iterdir()] == [copy.name]
    assert copy.stat().st_mode & 0o777 == 0o600


def test_without_the_setting_there_is_none(now: datetime) -> None:
    copies.renew_when_due(now=now)
    copies.renew_after_erasure()
    assert list(copies.problems(now=now)) == []


def test_nothing_is_written_as_long_as_the_copy_holds(copy: Path) -> None:
    before = made_at(copy)
    copies.renew_when_due(now=timezone.now())
    copies.renew_after_erasure()
    assert made_at(copy) == before


def test_a_copy_never_grows_older_than_a_day(copy: Path) -> None:
    before = made_at(copy)
    now = timezone.now()
    copies.renew_when_due(now=now + timedelta(hours=22))
    assert made_at(copy) == before
    # The worker looks once a minute.
    copies.renew_when_due(now=now + timedelta(hours=23, minutes=1))
    assert made_at(copy) != before


def test_after_an_erasure_its_person_is_not_in_the_copy(copy: Path, now: datetime) -> None:
    account_id = uuid4()
    vault.put(account_id=account_id, address=ALICE, now=now)
    copies.renew_when_due(now=timezone.now() + timedelta(days=1))
    assert ALICE.encode() in copy.read_bytes()
    vault.erase(account_id=account_id)
    leave_no_byte()
    assert ALICE.encode() not in copy.read_bytes()


def test_an_erasure_is_not_done_while_the_copy_cannot_be_written(copy: Path, now: datetime) -> None:
    account_id = uuid4()
    vault.put(account_id=account_id, address=ALICE, now=now)
    vault.erase(account_id=account_id)
    away = copy.parent.rename(copy.parent.with_name("away"))
    with pytest.raises(NotYet):
        leave_no_byte()
    away.rename(copy.parent)
    before = made_at(copy)
    leave_no_byte()
    assert made_at(copy) != before


def test_what_a_killed_worker_left_of_a_copy_is_written_over(copy: Path, now: datetime) -> None:
    left = copy.with_name(f"{copy.name}.new")
    left.write_text(ALICE)
    left.with_name(f"{left.name}-shm").write_text(ALICE)
    copies.renew_when_due(now=timezone.now() + timedelta(days=1))
    assert [path.name for path in copy.parent.iterdir()] == [copy.name]


@pytest.mark.parametrize("content", [b"", b"no database" * 1000])
def test_a_copy_that_is_damaged_is_made_anew(copy: Path, content: bytes) -> None:
    whole = copy.stat().st_size
    copy.write_bytes(content)
    copies.renew_when_due(now=timezone.now())
    assert copy.stat().st_size == whole


def test_the_doctor_says_when_the_copy_is_missing_or_old(copy: Path) -> None:
    now = timezone.now()
    assert list(copies.problems(now=now)) == []
    old = now.timestamp() - 25 * 60 * 60
    os.utime(copy, (old, old))
    assert "is older than 24 hours" in next(copies.problems(now=now))
    copy.unlink()
    assert "there is no copy of the vault" in next(copies.problems(now=now))


def test_the_copy_holds_no_archive(copy: Path) -> None:
    now = timezone.now()
    alice = join(ALICE, now)
    archive_of(alice, now)
    copies.renew_when_due(now=now + copies.RENEWED_AFTER * 2)
    assert ALICE.encode() in copy.read_bytes()
    assert b"README.txt" not in copy.read_bytes()
    assert b"profile.json" not in copy.read_bytes()
    with closing(open_file(copy)) as connection:
        assert connection.execute("SELECT count(*) FROM vault_archive").fetchone() == (0,)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert [path.name for path in copy.parent.iterdir()] == [copy.name]
    assert fetch(alice, now).json["profile"]
