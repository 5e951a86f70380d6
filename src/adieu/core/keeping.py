"""What every domain that keeps something of a person must be able to do.

`deletion` walks a list of keepers and knows nothing else of the domains behind them,
so a new subject is a new package with a keeper and not one line of `deletion` changes.

Note [Fencing]
A worker may stall at any moment, for longer than its lease, and go on as if nothing had been. So a step's
effect on the main database happens inside `with step.hold():`. That is one transaction, which first takes
the step's own row by a conditional update on its epoch: whoever comes late finds another epoch and changes
nothing, and whoever is inside cannot be overtaken before the commit.

The vault has no common commit with that row (Rule P4), so nothing there can be fenced, and nothing has to be:
a step only erases there, and only under the id of an account, a request or an invitation that is over, under
which nothing is written again. Erasing late, twice or in two workers at once leaves what erasing once leaves.
A keeper whose work elsewhere is more than that has to carry the fence there itself.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from adieu.core.archiving import Table


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
class Override:
    """How an operator settles what keeps somebody else's account from going (Rule D12)."""

    reason: str
    actor_id: UUID | None
    """Which operator's account decided it; None for a command on the machine itself."""
    heir_id: UUID | None = None
    """Whose it is from now on; None when it is to be deleted."""


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
    """A keeper's part of the consent page (Rule D5)."""

    goes: tuple[Going, ...] = ()
    stays: tuple[Staying, ...] = ()
    told: tuple[str, ...] = ()

    def joined(self, other: "Description") -> "Description":
        """Give both parts as one."""
        return Description((*self.goes, *other.goes), (*self.stays, *other.stays), (*self.told, *other.told))


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
    # The transaction for effects on the main database; see Note [Fencing]. Only a worker's steps have one.
    hold: Callable[[], AbstractContextManager[None]] = field(default=nullcontext, compare=False, repr=False)


class LeaseLost(Exception):
    """Another worker has this step now. Whoever meets this has changed nothing."""


class NotYet(Exception):
    """The step cannot be done yet. It is tried again later."""

    def __init__(self, *, longest: timedelta = timedelta(hours=1)) -> None:
        """Remember how long such a wait is nothing to worry about."""
        super().__init__()
        self.longest = longest


class Keeper(Protocol):
    """Whoever keeps something of a person."""

    name: str

    def find_blockers(self, *, account_id: UUID) -> Sequence[Blocker]:
        """Name what must be settled before the account can go (Rule D2)."""

    def describe(self, *, account_id: UUID) -> Description:
        """Tell what goes and what stays."""

    def export(self, *, account_id: UUID) -> Sequence[Table]:
        """Give what is kept of the person, table by table, and nothing of others."""

    def settle_blockers(self, *, account_id: UUID, override: Override | None, now: datetime) -> None:
        """Settle what is in the way, in the caller's transaction, which has locked it.

        Args:
            account_id: Who goes.
            override: What an operator decided; none for an erasure that is repeated after a restore, when
                nobody can be asked (Rule L2).
            now: The present.
        """

    def set_locked(self, *, account_id: UUID, locked_at: datetime | None) -> None:
        """Let nobody use the account, or somebody again, in the caller's transaction (Rule L1).

        Args:
            account_id: Whose.
            locked_at: Since when it is locked; none to unlock it.
        """

    def owned(self, *, account_id: UUID) -> Sequence[Subject]:
        """Name what the person owns, which the code is bound to (Rule D4)."""

    def lock(self, *, account_id: UUID) -> None:
        """Lock every row of the person in a fixed order, inside the caller's transaction."""

    def erase_now(self, *, account_id: UUID, now: datetime) -> None:
        """Erase in the caller's transaction, in a constant number of statements."""

    def steps(self, *, account_id: UUID) -> Sequence[StepSpec]:
        """Declare the work for afterwards, inside the caller's transaction."""

    def run(self, *, step: Step, now: datetime) -> None:
        """Do one step; any number of times, with the same result.

        What it changes in the main database it changes inside `step.hold()`; see Note [Fencing].

        Raises:
            NotYet: the step has to wait for something.
            LeaseLost: another worker does it.
        """

    def residue(self, *, account_id: UUID) -> Sequence[str]:
        """Name whatever is left of the person."""
