"""Where a ledger can be kept: in a file on one machine, or in a PostgreSQL database for many (Rule L1)."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Protocol

from adieu.kit.errors import Fact
from adieu.ledger.entries import BEGINNING, Entry, Head, Kind


class UnableToAppend(Fact):
    """The ledger cannot be written, so nothing was begun."""


class LedgerShrank(UnableToAppend):
    """The ledger is shorter than it was, so nothing is appended."""


class UnableToRead(Fact):
    """The ledger cannot be read."""


class Store(Protocol):
    """A place that keeps lines in order and never loses one that it has taken."""

    @property
    def place(self) -> str:
        """What tells this place from others."""

    def append(self, *, kind: Kind, body: Mapping[str, Any], now: datetime) -> Entry:
        """Add a line; when this returns it survives a crash of the machine.

        Raises:
            UnableToAppend: it could not be made durable; it is not there.
            LedgerDamaged: the last line is not one.
        """

    def entries(self, *, after: Head = BEGINNING) -> Iterator[Entry]:
        """Give every line after one, in order, each checked against the one before.

        Raises:
            UnableToRead: the place cannot be read.
            LedgerDamaged: a line was changed, dropped or swapped.
        """

    def head(self) -> Head:
        """Give the last line's number and chain, without reading the others.

        Raises:
            UnableToRead, LedgerDamaged: as above.
        """
