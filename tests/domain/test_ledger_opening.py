"""The first look at the ledger: a wrong one stops the start, and nothing is changed (Rule L1)."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from django.conf import settings

from adieu.accounts.models import Account
from adieu.kit.errors import UnableToStart
from adieu.kit.transactions import transaction
from adieu.ledger.entries import Kind
from adieu.ledger.files import FileStore, LedgerOpenToOthers
from adieu.ledger.models import Mark
from adieu.ledger.opening import (
    LedgerMissing,
    LedgerOfAnother,
    LedgerTooShort,
    LedgerUnusable,
    open_ledger,
)
from adieu.ledger.owing import append_owed, owe_line
from adieu.ledger.replaying import take_in
from adieu.ledger.stores import LedgerShrank
from adieu.ledger.tables import TableStore
from adieu.ops.ledgers import catch_up
from tests.support.ledgers import place_for_a_ledger
from tests.support.people import ask_to_leave, confirm, join

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

ALICE = "alice@example.org"


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[FileStore | TableStore]:
    with place_for_a_ledger(tmp_path) as store:
        yield store


@pytest.fixture
def opened(ledger: FileStore | TableStore, now: datetime) -> FileStore | TableStore:
    """A ledger with an opening line and two more, which the database has taken in."""
    open_ledger(store=ledger, now=now)
    for _ in range(2):
        ledger.append(kind=Kind.RECEIPT, body={}, now=now)
    take_in(store=ledger, now=now)
    return ledger


def lines() -> list[str]:
    """Read the ledger past our own code."""
    if isinstance(settings.LEDGER, Path):
        return settings.LEDGER.read_text().splitlines()
    with psycopg.connect(settings.LEDGER) as connection:
        return [line for (line,) in connection.execute("SELECT line FROM adieu_ledger ORDER BY number")]


def write(kept: list[str]) -> None:
    """Write the ledger past our own code."""
    if isinstance(settings.LEDGER, Path):
        settings.LEDGER.write_text("".join(f"{line}\n" for line in kept))
        return
    with psycopg.connect(settings.LEDGER) as connection:
        connection.execute("DELETE FROM adieu_ledger")
        for line in kept:
            row = [json.loads(line)["n"], line]
            connection.execute("INSERT INTO adieu_ledger VALUES (%s, %s)", row)


def lose() -> None:
    """Take the ledger away."""
    if isinstance(settings.LEDGER, Path):
        settings.LEDGER.unlink()
        return
    with psycopg.connect(settings.LEDGER) as connection:
        connection.execute("DROP TABLE adieu_ledger")


def refuse(ledger: FileStore | TableStore, error: type[UnableToStart], now: datetime) -> str:
    """Try to start, and make sure that neither ledger nor mark is touched."""
    mark = list(Mark.objects.values())
    before = lines() if ledger.exists() else None
    with pytest.raises(error) as caught:
        open_ledger(store=ledger, now=now)
    assert list(Mark.objects.values()) == mark
    assert (lines() if ledger.exists() else None) == before
    return str(caught.value)


def test_the_first_start_makes_the_ledger_and_remembers_it(
    ledger: FileStore | TableStore, now: datetime
) -> None:
    open_ledger(store=ledger, now=now)
    [first] = ledger.entries()
    assert first.kind == Kind.OPENED
    mark = Mark.objects.get()
    assert first.body == {"installation": str(mark.installation_id)}
    if isinstance(settings.LEDGER, Path):
        assert settings.LEDGER.stat().st_mode & 0o777 == 0o600


def test_a_first_start_that_was_cut_off_goes_on(ledger: FileStore | TableStore, now: datetime) -> None:
    ledger.create()
    open_ledger(store=ledger, now=now)
    Mark.objects.all().delete()
    open_ledger(store=ledger, now=now)
    [first] = ledger.entries()
    assert str(Mark.objects.get().installation_id) == first.body["installation"]


def test_every_other_start_leaves_it_as_it_is(opened: FileStore | TableStore, now: datetime) -> None:
    before = lines()
    open_ledger(store=opened, now=now)
    assert lines() == before
    assert Mark.objects.get().number == 3


def test_a_ledger_that_is_missing_stops_the_start(opened: FileStore | TableStore, now: datetime) -> None:
    lose()
    assert "missing" in refuse(opened, LedgerMissing, now)
    assert not opened.exists()


@pytest.mark.parametrize("kept", [0, 1, 2])
def test_a_ledger_that_is_shorter_than_remembered_stops_the_start(
    opened: FileStore | TableStore, now: datetime, kept: int
) -> None:
    write(lines()[:kept])
    refuse(opened, LedgerTooShort, now)


@pytest.mark.parametrize("kept", [3, 4])
def test_one_that_lost_what_this_database_told_it_stops_the_start(
    opened: FileStore | TableStore, now: datetime, kept: int
) -> None:
    """Before the worker has read it again: where only `adieu web` runs, that can be long."""
    tell(opened, now)
    tell(opened, now)
    write(lines()[:kept])
    refuse(opened, LedgerTooShort, now)


def test_one_that_says_something_else_than_it_was_told_stops_the_start(
    opened: FileStore | TableStore, now: datetime
) -> None:
    tell(opened, now)
    open_ledger(store=opened, now=now)
    write(lines()[:3])
    opened.append(kind=Kind.RECEIPT, body={}, now=now)
    assert "other lines" in refuse(opened, LedgerOfAnother, now)


def tell(ledger: FileStore | TableStore, now: datetime) -> None:
    """Append a line that this database owes."""
    with transaction():
        owe_line(kind=Kind.ORGANIZATION_DELETED, body={"organization": str(uuid4())}, now=now)
    assert append_owed(store=ledger, now=now) == 1


def test_an_older_one_that_takes_its_place_while_we_run_is_not_written_to(
    opened: FileStore | TableStore, now: datetime
) -> None:
    """It would be a second history, and the next start would take neither."""
    alice = join(ALICE, now, is_welcomed=False)
    code = ask_to_leave(alice, ALICE, now)
    whole, earlier = lines(), lines()[:2]
    write(earlier)
    with pytest.raises(LedgerShrank):
        confirm(alice, code, now)
    with pytest.raises(LedgerShrank):
        catch_up(now=now)
    assert lines() == earlier
    # With the right one in its place the same code works.
    write(whole)
    confirm(alice, code, now)
    assert not Account.objects.exists()


def test_a_longer_one_is_what_a_restore_finds(opened: FileStore | TableStore, now: datetime) -> None:
    opened.append(kind=Kind.RECEIPT, body={}, now=now)
    open_ledger(store=opened, now=now)


@pytest.mark.only_on("sqlite")
def test_a_torn_last_line_does_not_matter(opened: FileStore, now: datetime) -> None:
    with Path(settings.LEDGER).open("a") as file:
        file.write('{"n":4,"at":')
    open_ledger(store=opened, now=now)
    opened.append(kind=Kind.RECEIPT, body={}, now=now)
    assert opened.head().number == 4


def test_the_ledger_of_another_installation_stops_the_start(
    opened: FileStore | TableStore, now: datetime
) -> None:
    Mark.objects.update(installation_id=uuid4())
    assert "another installation" in refuse(opened, LedgerOfAnother, now)


def test_a_ledger_that_went_another_way_stops_the_start(
    opened: FileStore | TableStore, now: datetime
) -> None:
    write(lines()[:2])
    opened.append(kind=Kind.CHECKPOINT, body={}, now=now)
    assert "other lines" in refuse(opened, LedgerOfAnother, now)


def test_a_fresh_database_beside_a_ledger_with_lines_stops_the_start(
    opened: FileStore | TableStore, now: datetime
) -> None:
    Mark.objects.all().delete()
    assert "belongs to another" in refuse(opened, LedgerOfAnother, now)


def test_a_line_that_was_changed_stops_the_start(opened: FileStore | TableStore, now: datetime) -> None:
    first, second, third = lines()
    write([first, second.replace('"receipt"', '"checkpoint"'), third])
    assert "Line 2" in refuse(opened, LedgerUnusable, now)


@pytest.mark.only_on("sqlite")
def test_a_file_that_others_can_read_stops_the_start(opened: FileStore, now: datetime) -> None:
    Path(settings.LEDGER).chmod(0o640)
    refuse(opened, LedgerOpenToOthers, now)


def test_a_ledger_that_cannot_be_reached_stops_the_start(tmp_path: Path, now: datetime) -> None:
    nowhere = TableStore("postgresql://nobody@127.0.0.1:1/nothing")
    with pytest.raises(LedgerUnusable):
        open_ledger(store=nowhere, now=now)
    assert not Mark.objects.exists()


def test_the_mark_never_moves_back(opened: FileStore | TableStore, now: datetime) -> None:
    opened.append(kind=Kind.RECEIPT, body={}, now=now)
    take_in(store=opened, now=now)
    head = opened.head()
    assert Mark.objects.values_list("number", "chain").get() == (head.number, head.chain) != (3, "")
    take_in(store=opened, now=now)
    assert Mark.objects.get().number == 4
