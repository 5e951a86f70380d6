"""Writing an archive as a ZIP file, a row at a time, however much there is.

Note [Nothing is pressed together]
The file is a ZIP whose contents are deflated at level 0: any program opens it, and every word in it stands
there as it is. So the search for what is left of a person finds it (`tests/conformance/test_residue.py`).
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import IO, cast
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from adieu.archives.readme import readme
from adieu.core.archiving import Cell, Table
from adieu.kit.downloads import csv_row

PART_SIZE = 256 * 1024


class Parts:
    """A file that only grows, and is handed on in parts of one size."""

    def __init__(self, keep: Callable[[int, bytes], None]) -> None:
        """Remember who takes the parts, by their number."""
        self._keep = keep
        self._number = 0
        self._waiting = bytearray()

    def write(self, data: bytes) -> int:
        """Take some bytes; hand on what is a whole part."""
        self._waiting += data
        while len(self._waiting) >= PART_SIZE:
            self._hand_on(PART_SIZE)
        return len(data)

    def flush(self) -> None:
        """Do nothing: parts are of one size."""

    def end(self) -> None:
        """Hand on the rest."""
        if self._waiting:
            self._hand_on(len(self._waiting))

    def _hand_on(self, size: int) -> None:
        self._keep(self._number, bytes(self._waiting[:size]))
        self._number += 1
        del self._waiting[:size]


def write_archive(
    tables: Sequence[Table], parts: Parts, *, moment: datetime, note_done: Callable[[int], None]
) -> None:
    """Write a readme and every table, each as JSON and as CSV.

    Args:
        tables: What there is to write.
        parts: Takes the file.
        moment: What the readme and the files say when they were written.
        note_done: Is told before each table how many are done.
    """
    with ZipFile(cast("IO[bytes]", parts), "w") as file:
        with _member(file, "README.txt", moment) as member:
            member.write(readme(tables, moment=moment).encode())
        for done, table in enumerate(tables):
            note_done(done)
            for end, write in WRITERS.items():
                with _member(file, f"{table.name}.{end}", moment) as member:
                    for text in write(table):
                        member.write(text.encode())
    parts.end()


@contextmanager
def _member(file: ZipFile, name: str, moment: datetime) -> Iterator[IO[bytes]]:
    info = ZipInfo(name, moment.astimezone(UTC).timetuple()[:6])
    # See Note [Nothing is pressed together].
    info.compress_type, info.compress_level = ZIP_DEFLATED, 0
    with file.open(info, "w") as member:
        yield member


def _as_json(table: Table) -> Iterator[str]:
    before = "[\n"
    for row in table.rows():
        named = dict(zip(table.columns, map(plain, row), strict=True))
        yield before + json.dumps(named, ensure_ascii=False)
        before = ",\n"
    yield "\n]\n" if before == ",\n" else "[]\n"


def _as_csv(table: Table) -> Iterator[str]:
    yield csv_row(list(table.columns))
    for row in table.rows():
        yield csv_row([_cell(cell) for cell in row])


def plain(cell: Cell) -> str | int | None:
    """Give a value as the files have it: times in UTC, ids as text."""
    match cell:
        case datetime():
            return cell.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case UUID():
            return str(cell)
        case _:
            return cell


def _cell(cell: Cell) -> str:
    value = plain(cell)
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case _:
            return str(value)


WRITERS: dict[str, Callable[[Table], Iterator[str]]] = {"json": _as_json, "csv": _as_csv}
