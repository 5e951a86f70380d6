"""Things that happened, for tests of the activity log."""

import random
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from adieu.activities.kinds import LEVELS, Kind
from adieu.activities.models import Activity
from adieu.activities.operations import name_key

SUBJECTS = {"organization": "Research", "project": "Straße 7", "invitation": "", "api_key": ""}


def happen(
    organization_id: UUID, actor_ids: Sequence[UUID | None], now: datetime, *, count: int, seed: int = 7
) -> list[Activity]:
    """Let many different things happen; now and then several at one instant."""
    chance = random.Random(seed)
    rows = [_activity(organization_id, actor_ids, now, number, chance) for number in range(count)]
    return Activity.objects.bulk_create(rows)


def newest_first(activities: Iterable[Activity]) -> list[Activity]:
    """Put them in the order in which a log is shown."""
    return sorted(activities, key=lambda each: (each.recorded_at, each.id), reverse=True)


def _activity(
    organization_id: UUID, actor_ids: Sequence[UUID | None], now: datetime, number: int, chance: random.Random
) -> Activity:
    kind = chance.choice(list(Kind))
    subject = kind.value.partition(".")[0]
    name = SUBJECTS[subject]
    return Activity(
        id=UUID(int=chance.getrandbits(128), version=4),
        organization_id=organization_id,
        kind=kind,
        level=LEVELS[kind],
        actor_id=chance.choice(actor_ids),
        subject_kind=subject,
        subject_id=str(UUID(int=chance.randrange(3))),
        subject_name=name,
        subject_name_key=name_key(name),
        recorded_at=now - timedelta(minutes=number // 4),
    )
