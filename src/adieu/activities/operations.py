"""Recording what happened (Rule V1). Nothing changes or deletes a record: Note [Append-only]."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from unicodedata import normalize
from uuid import UUID

from django.db import connections

from adieu.activities.kinds import LEVELS, Kind
from adieu.activities.models import Activity
from adieu.kit import sql

RANDOM_ID = {"sqlite": "lower(hex(randomblob(16)))", "postgresql": "gen_random_uuid()"}


def name_key(name: str) -> str:
    """Give the form of a thing's name by which it is found: the same in upper and lower case."""
    return normalize("NFC", normalize("NFC", name).casefold())


def record(
    *,
    organization_id: UUID,
    kind: Kind,
    actor_id: UUID | None,
    subject_kind: str,
    subject_id: str,
    subject_name: str,
    now: datetime,
) -> None:
    """Append one activity.

    Args:
        organization_id: Where it happened.
        kind: What happened.
        actor_id: Which account did it, by opaque id; None when the system did.
        subject_kind: The kind of thing it happened to.
        subject_id: That thing's id.
        subject_name: The thing's name as it was; never a person's.
        now: When.
    """
    Activity.objects.create(
        organization_id=organization_id,
        kind=kind,
        level=LEVELS[kind],
        actor_id=actor_id,
        subject_kind=subject_kind,
        subject_id=subject_id,
        subject_name=subject_name,
        subject_name_key=name_key(subject_name),
        recorded_at=now,
    )


def record_in_each(
    *, organizations: str, parameters: Sequence[Any], kind: Kind, account_id: UUID, now: datetime
) -> int:
    """Append the same activity about an account in many organizations, in one statement.

    Args:
        organizations: A query whose first column, `organization_id`, names the organizations.
        parameters: That query's parameters.
        kind: What happened.
        account_id: The account it happened to and that did it.
        now: When.

    Returns:
        How many were appended.
    """
    vendor = connections["default"].vendor
    statement = (
        "INSERT INTO activities_activity (id, organization_id, kind, level, actor_id,"  # noqa: S608 - constants
        " subject_kind, subject_id, subject_name, subject_name_key, recorded_at)"
        f" SELECT {RANDOM_ID[vendor]}, organization_id, %s, %s, %s, 'account', %s, '', '', %s"
        f" FROM ({organizations}) AS organizations"
    )
    return sql.run(statement, [kind.value, LEVELS[kind].value, account_id, str(account_id), now, *parameters])
