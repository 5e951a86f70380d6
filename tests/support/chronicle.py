"""Things that happened, for tests of the activity log."""

import random
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection

from adieu.activities.kinds import LEVELS, Kind
from adieu.activities.models import Activity
from adieu.activities.operations import RANDOM_ID, name_key
from adieu.kit import sql

SUBJECTS = {
    "organization": "Research",
    "project": "Straße 7",
    "cluster": "Birds",
    "invitation": "",
    "api_key": "",
}

# What the two databases say differently; `i` counts from 0, `%%` is for the driver.
COUNTED = {
    "sqlite": "RECURSIVE counted(i) AS (VALUES (0) UNION ALL SELECT i + 1 FROM counted WHERE i + 1 < %s)",
    "postgresql": "counted(i) AS (SELECT generate_series(0, %s - 1))",
}
MOMENT = {
    "sqlite": "strftime('%%Y-%%m-%%d %%H:%%M:%%S', %s, '+' || (i * 20) || ' seconds')",
    "postgresql": "%s::timestamptz + i * interval '20 seconds'",
}
THING = {
    "sqlite": "printf('00000000-0000-0000-0000-%%012d', i %% %s)",
    "postgresql": "'00000000-0000-0000-0000-' || lpad((i %% %s)::text, 12, '0')",
}
AN_ID = {"sqlite": "%s", "postgresql": "%s::uuid"}


def fill(
    organization_id: UUID, actor_ids: Sequence[UUID], start: datetime, *, count: int, things: int
) -> None:
    """Let very many things happen, in one statement: one every 20 seconds.

    Args:
        organization_id: Where.
        actor_ids: Who does them, in turn.
        start: When the first one happens.
        count: How many.
        things: How many different projects they are about, in turn.
    """
    vendor = connection.vendor
    kinds = [part for i, kind in enumerate(Kind) for part in (i, kind, LEVELS[kind], _subject_of(kind))]
    actors = [part for i, actor_id in enumerate(actor_ids) for part in (i, actor_id)]
    statement = (
        "INSERT INTO activities_activity (id, organization_id, kind, level, actor_id, subject_kind,"  # noqa: S608 - constants
        f" subject_id, subject_name, subject_name_key, recorded_at) WITH {COUNTED[vendor]},"
        f" kinds(k, kind, level, subject) AS (VALUES {', '.join(['(%s, %s, %s, %s)'] * len(Kind))}),"
        f" actors(a, actor_id) AS (VALUES {', '.join([f'(%s, {AN_ID[vendor]})'] * len(actor_ids))})"
        f" SELECT {RANDOM_ID[vendor]}, {AN_ID[vendor]}, kind, level, actor_id, subject, {THING[vendor]},"
        f" 'Project ' || (i %% %s), 'project ' || (i %% %s), {MOMENT[vendor]}"
        " FROM counted JOIN kinds ON k = i %% %s JOIN actors ON a = (i / 7) %% %s"
    )
    named = [things, things, things, start, len(Kind), len(actor_ids)]
    sql.run(statement, [count, *kinds, *actors, organization_id, *named])
    if vendor == "postgresql":
        # It does so by itself in time; SQLite never does.
        sql.run("ANALYZE activities_activity")


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
    subject = _subject_of(kind)
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


def _subject_of(kind: Kind) -> str:
    return kind.value.partition(".")[0]
