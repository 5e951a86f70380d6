"""The ledger keeps what it has taken, in a file and in PostgreSQL (Rule L1)."""

import os
import resource
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings

from adieu.ledger.entries import Head, Kind, LedgerDamaged
from adieu.ledger.files import TAIL, FileStore, LedgerOpenToOthers
from adieu.ledger.stores import Store, UnableToAppend, UnableToRead
from adieu.ledger.tables import TableStore
from tests.support.crowds import all_at_once
from tests.support.ledgers import fresh_ledger
from tests.support.stalling import Passing, stalled

NOW = datetime(2030, 3, 4, 9, 30, tzinfo=UTC)
AT_ONCE = 8
EACH = 5


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[FileStore | TableStore]:
    with fresh_ledger(tmp_path) as store:
        yield store


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "ledger.jsonl"
    store = FileStore(path)
    store.create()
    for number in range(3):
        append(store, number)
    return path


def append(store: Store, number: int) -> int:
    return store.append(kind=Kind.CONFIRMED, body={"deletion": f"{number}"}, now=NOW).number


def bodies(store: Store) -> list[str]:
    return [entry.body["deletion"] for entry in store.entries()]


def test_lines_come_back_in_order(ledger: Store) -> None:
    assert [append(ledger, number) for number in range(3)] == [1, 2, 3]
    assert bodies(ledger) == ["0", "1", "2"]
    last = list(ledger.entries())[-1]
    assert ledger.head() == Head(3, last.chain)


def test_empty_one_has_no_lines(ledger: Store) -> None:
    assert list(ledger.entries()) == []
    assert ledger.head() == Head()


def test_a_writer_that_stalls_in_the_middle_of_a_line_holds_nobody_up_for_ever(
    ledger: FileStore | TableStore,
) -> None:
    impatient = type(ledger)(settings.LEDGER, patience=0.2)  # type: ignore[arg-type]
    with stalled(lambda: append(ledger, 0), Passing("ledger.confirmed.locked", 1)):
        with pytest.raises(UnableToAppend):
            append(impatient, 1)
        assert bodies(ledger) == []
    assert append(impatient, 1) == 2
    assert bodies(ledger) == ["0", "1"]


def test_appending_at_once_loses_nothing(ledger: Store) -> None:
    all_at_once(*[lambda: [append(ledger, number) for number in range(EACH)]] * AT_ONCE)
    assert sorted(bodies(ledger)) == sorted(str(number) for number in range(EACH) for _ in range(AT_ONCE))


def test_second_one_is_never_made(ledger: FileStore | TableStore) -> None:
    append(ledger, 0)
    with pytest.raises(UnableToAppend):
        ledger.create()
    assert bodies(ledger) == ["0"]


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize("torn", [b'{"at":"2030', b'{"at"\0\0\0\0\n', b"\0\0\0\0"])
def test_torn_last_line_is_cut_off(file: Path, torn: bytes) -> None:
    whole = file.read_bytes()
    file.write_bytes(whole + torn)
    store = FileStore(file)
    assert bodies(store) == ["0", "1", "2"]
    assert store.head().number == 3
    assert append(store, 3) == 4
    assert bodies(store) == ["0", "1", "2", "3"]
    assert file.read_bytes().startswith(whole)


@pytest.mark.only_on("sqlite")
def test_every_length_of_a_torn_line_is_survived(file: Path) -> None:
    whole = file.read_bytes()
    start = whole[:-1].rindex(b"\n") + 1
    for length in range(start, len(whole)):
        file.write_bytes(whole[:length])
        assert bodies(FileStore(file)) == ["0", "1"]
        assert append(FileStore(file), 9) == 3


@pytest.mark.parametrize("length", [TAIL - 300, TAIL, 3 * TAIL])
def test_a_line_of_any_length_takes_a_successor(ledger: FileStore | TableStore, length: int) -> None:
    """Of somebody who had a thousand addresses, say: else nobody could leave any more."""
    for number in range(3):
        ledger.append(kind=Kind.INTENT, body={"keys": "k" * length}, now=NOW)
        assert ledger.head().number == 2 * number + 1
        append(ledger, number)
    assert len(list(ledger.entries())) == 6


@pytest.mark.only_on("sqlite")
def test_damage_in_the_middle_is_not_cut_off(file: Path) -> None:
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(lines[0] + b"\0" * len(lines[1]) + b"\n" + lines[2])
    with pytest.raises(LedgerDamaged):
        list(FileStore(file).entries())


@pytest.mark.only_on("sqlite")
def test_damaged_last_line_takes_no_successor(file: Path) -> None:
    file.write_bytes(file.read_bytes() + b"something else\n")
    before = file.read_bytes()
    with pytest.raises(LedgerDamaged):
        append(FileStore(file), 3)
    assert file.read_bytes() == before


@pytest.mark.only_on("sqlite")
def test_lost_file_is_not_made_anew(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "gone.jsonl")
    with pytest.raises(UnableToAppend):
        append(store, 0)
    with pytest.raises(UnableToRead):
        list(store.entries())
    assert not store.exists()


@pytest.mark.only_on("sqlite")
def test_file_open_to_others_is_refused(file: Path) -> None:
    store = FileStore(file)
    store.refuse_if_open_to_others()
    file.chmod(0o640)
    with pytest.raises(LedgerOpenToOthers):
        store.refuse_if_open_to_others()


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize("room", [0, 1, 100])
def test_full_disk_leaves_nothing_of_a_line(file: Path, room: int) -> None:
    """A file that may not grow further is what a full disk looks like to whoever writes."""
    before = file.read_bytes()
    child = os.fork()
    if child == 0:
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + room, len(before) + room))
        os._exit(_is_refused(file))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
    assert file.read_bytes() == before
    assert append(FileStore(file), 3) == 4


def _is_refused(file: Path) -> int:
    try:
        append(FileStore(file), 3)
    except UnableToAppend:
        return 1
    return 0


@pytest.mark.only_on("postgresql")
def test_server_that_does_not_answer_takes_nothing() -> None:
    store = TableStore("postgresql://127.0.0.1:1/nowhere")
    with pytest.raises(UnableToAppend):
        append(store, 0)
    with pytest.raises(UnableToRead):
        store.head()
