"""Which projects hold something that must not be lost, without knowing what it is (Rules D2, O5, O6, O7).

Whoever keeps things in projects says how those are found: by a query for their ids. And they are told to let
go of everything in an organization that has to go although it holds something: that happens only after a
restore, when what is true already is made true once more (Rule L2).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from adieu.kit import sql
from adieu.kit.transactions import transaction_required

NOTHING = "SELECT id FROM tenancy_project WHERE 1 = 0"


class LetGo(Protocol):
    """Lets go of everything in an organization."""

    def __call__(self, *, organization_id: UUID, now: datetime) -> None:
        """Do it, in the caller's transaction."""


@dataclass(frozen=True)
class Occupant:
    """Whoever keeps things in projects: how those are found, and how to let go of them."""

    query: str
    let_go: LetGo


_occupants: list[Occupant] = []


def register(occupant: Occupant) -> None:
    """Say who keeps things in projects."""
    _occupants.append(occupant)


def occupied_projects() -> str:
    """Give the query for the projects that hold something."""
    return " UNION ALL ".join(occupant.query for occupant in _occupants) or NOTHING


@transaction_required
def let_go(*, organization_id: UUID, now: datetime) -> None:
    """Let everybody let go of what they keep in an organization."""
    for occupant in _occupants:
        occupant.let_go(organization_id=organization_id, now=now)


def is_occupied(*, project_id: UUID) -> bool:
    """Tell whether a project holds something."""
    return bool(_count("id = %s", project_id))


def has_occupied(*, organization_id: UUID) -> bool:
    """Tell whether one of an organization's projects holds something."""
    return bool(_count("organization_id = %s", organization_id))


def _count(condition: str, value: UUID) -> int:
    statement = f"SELECT COUNT(*) FROM tenancy_project WHERE {condition} AND id IN ({occupied_projects()})"  # noqa: S608
    ((count,),) = sql.rows(statement, [value])
    return int(count)
