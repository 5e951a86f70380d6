"""What the archive of a person's data is made of: tables, which whoever keeps something of them gives."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

type Cell = str | int | datetime | UUID | None


@dataclass(frozen=True)
class Table:
    """One list in the archive."""

    name: str
    """What its files are called: letters of ASCII and underscores, the same for everybody."""
    about: str
    """What is in it, in plain words."""
    columns: Mapping[str, str]
    """The name of each column, and what it says."""
    rows: Callable[[], Iterable[Sequence[Cell]]]
    """Gives the rows from the start, each time it is called: one at a time, however many there are."""
