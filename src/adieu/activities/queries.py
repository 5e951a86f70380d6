"""Reading the activity log (Rule V3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from adieu.activities.kinds import Kind, Level
from adieu.activities.models import Activity
from adieu.activities.operations import name_key


class Order(StrEnum):
    """From which end a log is read."""

    NEWEST_FIRST = "newest"
    OLDEST_FIRST = "oldest"


# The id decides between what happened at the same instant, so that no page repeats or skips any of it.
COLUMNS: dict[Order, Sequence[str]] = {
    Order.NEWEST_FIRST: ("-recorded_at", "-id"),
    Order.OLDEST_FIRST: ("recorded_at", "id"),
}


@dataclass(frozen=True)
class Filters:
    """What to show of a log; what is not set hides nothing."""

    since: datetime | None = None
    """The first moment."""
    before: datetime | None = None
    """The moment that is just too late."""
    kind: Kind | None = None
    level: Level | None = None
    actor_id: UUID | None = None
    subject_kind: str = ""
    thing: str = ""
    """A thing's id, or its whole name as it was, in any case."""


def find(*, organization_id: UUID, filters: Filters) -> QuerySet[Activity]:
    """Give what an organization's log holds of what is asked for, unordered."""
    conditions: dict[str, Any] = {
        "recorded_at__gte": filters.since,
        "recorded_at__lt": filters.before,
        "kind": filters.kind,
        "level": filters.level,
        "actor_id": filters.actor_id,
        "subject_kind": filters.subject_kind or None,
        **_thing(filters.thing.strip()),
    }
    asked = {name: value for name, value in conditions.items() if value is not None}
    return Activity.objects.filter(organization_id=organization_id, **asked)


def has_acted(*, organization_id: UUID, account_id: UUID) -> bool:
    """Tell whether an organization's log holds an act of an account."""
    return Activity.objects.filter(organization_id=organization_id, actor_id=account_id).exists()


def _thing(thing: str) -> dict[str, str]:
    if not thing:
        return {}
    try:
        return {"subject_id": str(UUID(thing))}
    except ValueError:
        return {"subject_name_key": name_key(thing)}
