"""A ledger in a file: one line of JSON after the other, each on the disk before the next is begun."""

import fcntl
import os
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from adieu.kit.crashing import crash_point
from adieu.kit.errors import UnableToStart
from adieu.ledger.entries import BEGINNING, Entry, Head, Kind, as_line, follow, read_line, read_lines
from adieu.ledger.stores import UnableToAppend, UnableToRead

# More than most lines are long: the claim keys of a hundred addresses take about 7 kB.
TAIL = 64 * 1024
# A torn line, the last whole one, and the one before.
ENOUGH = 3
# Seconds to wait for other writers, each of which takes milliseconds, and between two looks.
PATIENCE = 10.0
PAUSE = 0.002


class LedgerOpenToOthers(UnableToStart):
    """The ledger is open to others than its owner."""


class FileStore:
    """Fulfils `Store` with one file; any number of processes of one machine may append.

    Note [Torn lines]

    The last line may have no end, when its writer was killed, or hold zero bytes, when the machine died
    before all of its pages were written. Its writer had not returned, so nothing was begun because of it:
    the next writer cuts it off. A reader that holds no lock may see such a line grow, and leaves it out.
    """

    def __init__(self, path: Path, *, patience: float = PATIENCE) -> None:
        """Name the file, and for how many seconds to wait for another writer."""
        self._path = path
        self._patience = patience

    @property
    def place(self) -> str:
        """Its path; see `Store`."""
        return str(self._path)

    def exists(self) -> bool:
        """Whether there is such a file."""
        return self._path.exists()

    def create(self) -> None:
        """Make an empty ledger, for our eyes only; its name is durable when this returns.

        Raises:
            UnableToAppend: the file cannot be made, or is there already.
        """
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            _sync_folder(self._path.parent)
        except OSError as error:
            raise UnableToAppend from error

    def refuse_if_open_to_others(self) -> None:
        """Refuse a file that others can read or write.

        Raises:
            LedgerOpenToOthers: they can.
        """
        if stat.S_IMODE(self._path.stat().st_mode) & 0o077:
            raise LedgerOpenToOthers(
                f"The ledger {self._path} is open to others than its owner (chmod 600 {self._path})."
            )

    def append(self, *, kind: Kind, body: Mapping[str, Any], now: datetime) -> Entry:
        """Add a line; see `Store`."""
        with self._locked() as file:
            length, head = _end_of(file)
            entry = follow(head, kind=kind, body=body, now=now)
            crash_point(f"ledger.{kind}.locked")
            _write(file, as_line(entry).encode() + b"\n", at=length)
            crash_point(f"ledger.{kind}.written")
            return entry

    def entries(self, *, after: Head = BEGINNING) -> Iterator[Entry]:
        """Give every line after one; see `Store`."""
        try:
            with self._path.open("rb") as file:
                yield from read_lines(islice(_whole_lines(file), after.number, None), after=after)
        except OSError as error:
            raise UnableToRead from error

    def head(self) -> Head:
        """Give the end; see `Store`."""
        try:
            with self._path.open("rb") as file:
                return _end_of(file.fileno())[1]
        except OSError as error:
            raise UnableToRead from error

    @contextmanager
    def _locked(self) -> Iterator[int]:
        try:
            file = os.open(self._path, os.O_RDWR)
        except OSError as error:
            # Never made anew here: a ledger that went away must stop the start, not begin again.
            raise UnableToAppend from error
        try:
            _lock(file, patience=self._patience)
            yield file
        finally:
            os.close(file)


def _lock(file: int, *, patience: float) -> None:
    """Lock the file; a writer that stalls in the middle of a line must not hold everybody up for ever."""
    until = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > until:
                raise UnableToAppend from error
            time.sleep(PAUSE)
        else:
            return


def _whole_lines(file: BinaryIO) -> Iterator[str]:
    """Give every line without its end, but for a torn last one."""
    before = b""
    for line in file:
        if before:
            yield _text(before)
        before = line
    if before and not _is_torn(before):
        yield _text(before)


def _end_of(file: int) -> tuple[int, Head]:
    """Give where the last whole line ends, and what it says."""
    size, lines, start, length = os.fstat(file).st_size, list[bytes](), 1, TAIL
    # The first of the lines may lack its beginning, so one before the last whole line has to be there.
    while start and len(lines) < ENOUGH:
        start, length = max(0, size - length), length * 2
        lines = os.pread(file, size - start, start).splitlines(keepends=True)
    if lines and _is_torn(lines[-1]):
        size -= len(lines.pop())
    if not lines:
        return size, Head()
    entry = read_line(_text(lines[-1]), number=0)
    return size, Head(entry.number, entry.chain)


def _is_torn(line: bytes) -> bool:
    """Tell whether a last line is one of Note [Torn lines]."""
    return not line.endswith(b"\n") or b"\0" in line


def _text(line: bytes) -> str:
    # What is no ASCII is no line of ours, and is refused as such when it is read.
    return line[:-1].decode("ascii", errors="replace")


def _write(file: int, line: bytes, *, at: int) -> None:
    """Write a line and make it durable, or leave nothing of it."""
    try:
        os.ftruncate(file, at)
        # A full disk may take the first part and say so only by the count.
        is_whole = os.pwrite(file, line, at) == len(line)
        os.fsync(file)
    except OSError as error:
        os.ftruncate(file, at)
        raise UnableToAppend from error
    if not is_whole:
        os.ftruncate(file, at)
        raise UnableToAppend


def _sync_folder(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
