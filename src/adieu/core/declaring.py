"""What becomes of every field when a person leaves, and where it stands in the archive of their data.

A field that nobody declared fails the build (Rule D13).
"""

from dataclasses import dataclass
from enum import Enum


class Fate(Enum):
    """What becomes of a field that needs no more words."""

    ERASE = "its row or its value is erased with the account"
    ANONYMIZE = "its value is parted from the person"
    NOT_PERSONAL = "it says nothing about a person"


@dataclass(frozen=True)
class Retain:
    """The field outlives the account: on what ground, and until when."""

    basis: str
    until: str


type Fates = dict[str, dict[str, Fate | Retain]]


@dataclass(frozen=True)
class Exported:
    """The person finds the field in their archive: in which table, and in which column."""

    table: str
    column: str


@dataclass(frozen=True)
class Withheld:
    """The field is not in the archive, and why not."""

    why: str


type Exports = dict[str, dict[str, Exported | Withheld]]
