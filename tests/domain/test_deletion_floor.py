"""What the benchmark takes for the floor does the same as the product, row by row (Rule D6)."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from adieu.kit import sql
from benchmarks.crowd import SESSIONS, fill, keys_of_membership, project_of
from benchmarks.floor import Floor
from benchmarks.leaving import by_floor, by_product, open_floor
from benchmarks.person import Person, session_of

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

type Row = tuple[str, ...]


def people(way: str, reason: str) -> list[Person]:
    return [Person(f"{way} {ties}", reason=reason, ties=ties) for ties in (0, 1, 4)]


@pytest.fixture
def floor() -> Iterable[Floor]:
    opened = open_floor()
    yield opened
    opened.connection.close()


def test_both_ways_leave_the_same_rows(
    floor: Floor, now: datetime, record_property: Callable[[str, object], None]
) -> None:
    by_hand, by_us = people("by hand", "privacy"), people("by us", "not_said")
    fill(10, [*by_hand, *by_us], now)
    leave = by_floor(floor, now)
    floors = what_changes(by_hand, leave)
    products = what_changes(by_us, lambda person: by_product(person, now))
    assert products == floors
    record_property("tables that the point of no return changes", len({row[0] for row in floors}))
    assert len(floors) > 60


def what_changes(leaving: Sequence[Person], leave: Any) -> Counter[Row]:
    """Tell which rows came and went, with names for what is each person's own."""
    names = {id_: name for person in leaving for id_, name in own(person).items()}
    before = rows()
    for person in leaving:
        leave(person)
    after = rows()
    changed = [("gone", row) for row in (before - after).elements()]
    changed += [("come", row) for row in (after - before).elements()]
    return Counter((row[0], what, *(renamed(value, names) for value in row[1:])) for what, row in changed)


def own(person: Person) -> dict[str, str]:
    """Name what is the person's own, by its id."""
    kind = f"of {person.ties} ties"
    things = ["account", "request", "request of last week", "notice owed", "notice delivered", "invitation"]
    named = {person.id_of(thing): f"{thing} {kind}" for thing in things}
    named |= {session_of(person, number): f"session {number} {kind}" for number in range(SESSIONS)}
    named |= {person.key: f"key {kind}", person.reason: "reason"}
    named |= {id_: f"organization {number} {kind}" for number, id_ in enumerate(person.organizations)}
    named |= {project_of(id_): f"project {number} {kind}" for number, id_ in enumerate(person.organizations)}
    memberships = sql.rows(
        "SELECT id, organization_id FROM tenancy_organizationmembership WHERE account_id = %s",
        [person.account_id],
    )
    for membership, organization in memberships:
        for number, key in enumerate(keys_of_membership(membership)):
            named[key] = f"{number} in {named[sql.as_id(organization).hex]}"
    return named


def rows() -> Counter[Row]:
    """Read every table, but for what the database numbers by itself."""
    found: Counter[Row] = Counter()
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if table == "django_migrations":
                continue
            cursor.execute(f"SELECT * FROM {table}")  # noqa: S608 - its own names
            columns = [column[0] for column in cursor.description]
            found.update((table, *as_texts(table, columns, row)) for row in cursor.fetchall())
    return found


def as_texts(table: str, columns: Sequence[str], row: Sequence[Any]) -> Iterable[str]:
    is_new_thing = table in {"activities_activity", "deletion_erasurestep"}
    for column, value in zip(columns, row, strict=True):
        if column in {"member_id", "inviter_id"} or (
            column == "id" and (is_new_thing or isinstance(value, int))
        ):
            # Numbered by the database, or random; that the inviter is forgotten shows all the same.
            yield f"{column}={value is not None}"
        elif column in {"change_id", "intent_fence"} or (table == "ledger_change" and column == "number"):
            # Random, and where it stands in a ledger of its own.
            yield f"{column}={value is not None}"
        elif table == "ledger_change" and column == "body":
            yield f"{column}={sorted({**json.loads(value), 'fence': ''}.items())}".replace("-", "")
        elif column == "described":
            # Counted for the receipt before the transaction, which the floor leaves out.
            continue
        elif column == "owned":
            # In the order of ids, which are each person's own.
            yield f"{column}={len(json.loads(value))}"
        elif column == "payload":
            yield f"{column}={sorted(json.loads(value).items())}".replace("-", "")
        else:
            yield f"{column}={value.hex if isinstance(value, UUID) else value}".replace("-", "")


def renamed(text: str, names: dict[str, str]) -> str:
    for id_, name in names.items():
        text = text.replace(id_.replace("-", ""), name)
    return text
