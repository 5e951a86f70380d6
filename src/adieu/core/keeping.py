"""What every domain that keeps something of a person must be able to do.

`deletion` walks a list of keepers and knows nothing else of the domains behind them,
so a new subject is a new package with a keeper and not one line of `deletion` changes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True)
class Subject:
    """A thing that blocks or goes: its kind, its id and the name it has now."""

    kind: str
    id: str
    name: str


@dataclass(frozen=True)
class Remedy:
    """One way to settle a blocker: what to do and the page where it is done."""

    action: str
    href: str


@dataclass(frozen=True)
class Blocker:
    """Why an account cannot be deleted now (Rule D2)."""

    code: str
    subject: Subject
    remedies: tuple[Remedy, ...]


@dataclass(frozen=True)
class Going:
    """What a deletion destroys: a kind in plain words, singular and plural, and how many there are."""

    one: str
    many: str
    count: int


@dataclass(frozen=True)
class Staying:
    """What remains after a deletion, why, and how long."""

    what: str
    why: str
    how_long: str


@dataclass(frozen=True)
class Description:
    """A keeper's part of the consent page; `owned` is what the code is bound to (Rule D4)."""

    goes: tuple[Going, ...] = ()
    stays: tuple[Staying, ...] = ()
    told: tuple[str, ...] = ()
    owned: tuple[Subject, ...] = ()


@dataclass(frozen=True)
class StepSpec:
    """Work to be done after the point of no return; `payload` never holds personal data."""

    name: str
    title: str
    payload: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """A step as a worker hands it to its keeper."""

    name: str
    account_id: UUID
    deletion_id: UUID
    payload: Mapping[str, str]


class NotYet(Exception):
    """The step cannot be done yet. It is tried again later."""


class Keeper(Protocol):
    """Whoever keeps something of a person."""

    name: str

    def find_blockers(self, *, account_id: UUID) -> Sequence[Blocker]:
        """Name what must be settled before the account can go (Rule D2)."""

    def describe(self, *, account_id: UUID) -> Description:
        """Tell what goes and what stays."""

    def lock(self, *, account_id: UUID) -> None:
        """Lock every row of the person in a fixed order, inside the caller's transaction."""

    def erase_now(self, *, account_id: UUID, now: datetime) -> None:
        """Erase in the caller's transaction, in a constant number of statements."""

    def steps(self, *, account_id: UUID) -> Sequence[StepSpec]:
        """Declare the work for afterwards, inside the caller's transaction."""

    def run(self, *, step: Step, now: datetime) -> None:
        """Do one step; any number of times, with the same result.

        Raises:
            NotYet: the step has to wait for something.
        """

    def residue(self, *, account_id: UUID) -> Sequence[str]:
        """Name whatever is left of the person."""
