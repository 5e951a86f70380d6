"""Set-based SQL for the few places where the ORM is too slow."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper


def run(sql: str, params: Sequence[object] = (), *, using: str = "default") -> int:
    """Execute one statement and tell how many rows it touched.

    Args:
        sql: the statement, with `%s` for each parameter.
        params: UUIDs and datetimes are written as the database in use stores them.
        using: the database's alias.
    """
    connection = connections[using]
    with connection.cursor() as cursor:
        cursor.execute(sql, [_as_stored(connection, value) for value in params])
        return int(cursor.rowcount)


def rows(sql: str, params: Sequence[object] = (), *, using: str = "default") -> list[tuple[Any, ...]]:
    """Execute one statement and return its rows; parameters as in `run`."""
    connection = connections[using]
    with connection.cursor() as cursor:
        cursor.execute(sql, [_as_stored(connection, value) for value in params])
        return list(cursor.fetchall())


def can_lock_rows(*, using: str = "default") -> bool:
    """Tell whether `SELECT … FOR UPDATE` exists; SQLite has one writer at a time and needs none."""
    return connections[using].features.has_select_for_update


def lock(sql: str, params: Sequence[object] = (), *, using: str = "default") -> None:
    """Lock the rows of a query that ends in `FOR UPDATE`; on SQLite the transaction holds all there is."""
    if can_lock_rows(using=using):
        run(sql, params, using=using)


def for_update(*, using: str = "default") -> str:
    """Give what a query ends in that locks its rows."""
    return " FOR UPDATE" if can_lock_rows(using=using) else ""


def as_id(value: UUID | str) -> UUID:
    """Read an id as the database in use gives it."""
    return value if isinstance(value, UUID) else UUID(value)


def as_json(value: Mapping[str, object]) -> str:
    """Write a value for a column that holds JSON."""
    return json.dumps(value)


def as_moment(value: datetime) -> datetime:
    """Read a moment as the database in use gives it: SQLite's knows no time zone, and UTC is meant."""
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def _as_stored(connection: BaseDatabaseWrapper, value: object) -> Any:
    if isinstance(value, UUID) and not connection.features.has_native_uuid_field:
        return value.hex
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    if isinstance(value, date):
        return connection.ops.adapt_datefield_value(value)
    return value
