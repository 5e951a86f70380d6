"""What becomes of every field when a person leaves; a field nobody declared fails the build (Rule D13)."""

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
