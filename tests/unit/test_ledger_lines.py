"""Lines of the ledger follow from each other (Rule L1)."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adieu.ledger.entries import (
    BEGINNING,
    Entry,
    Head,
    Kind,
    LedgerDamaged,
    as_line,
    follow,
    read_line,
    read_lines,
)

NOW = datetime(2030, 3, 4, 9, 30, tzinfo=UTC)


def lines(count: int) -> list[str]:
    head, written = Head(), []
    for number in range(count):
        entry = follow(head, kind=Kind.CONFIRMED, body={"deletion": str(number)}, now=NOW)
        written.append(as_line(entry))
        head = Head(entry.number, entry.chain)
    return written


def read(written: list[str]) -> list[Entry]:
    return list(read_lines(written, after=BEGINNING))


def test_what_was_written_is_read() -> None:
    entries = read(lines(3))
    assert [(entry.number, entry.body["deletion"]) for entry in entries] == [(1, "0"), (2, "1"), (3, "2")]
    assert {entry.recorded_at for entry in entries} == {NOW}


@pytest.mark.parametrize("dropped", [0, 1])
def test_dropped_line_is_noticed(dropped: int) -> None:
    written = lines(3)
    del written[dropped]
    with pytest.raises(LedgerDamaged) as caught:
        read(written)
    assert caught.value.number == dropped + 1


def test_swapped_lines_are_noticed() -> None:
    first, second, third = lines(3)
    with pytest.raises(LedgerDamaged):
        read([first, third, second])


@pytest.mark.parametrize(
    ("part", "value"),
    [("n", 7), ("at", "2031-01-01T00:00:00+00:00"), ("kind", "aborted"), ("body", {}), ("chain", "0" * 64)],
)
def test_changed_line_is_noticed(part: str, value: object) -> None:
    written = lines(3)
    written[1] = json.dumps({**json.loads(written[1]), part: value}, sort_keys=True, separators=(",", ":"))
    with pytest.raises(LedgerDamaged):
        read(written)


@pytest.mark.parametrize("part", [{"n": "1"}, {"n": None}, {"body": []}, {"body": None}])
def test_line_with_a_part_of_another_kind_is_damage(part: dict[str, object]) -> None:
    with pytest.raises(LedgerDamaged):
        read_line(json.dumps({**json.loads(lines(1)[0]), **part}), number=1)


def test_line_that_is_too_deep_is_damage() -> None:
    with pytest.raises(LedgerDamaged):
        read(["[" * 200_000])


@given(st.text(max_size=80))
def test_what_is_no_line_is_damage(text: str) -> None:
    with pytest.raises(LedgerDamaged):
        read([text])
