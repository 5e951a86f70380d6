"""Pages of the activity log stay fast however long it is: an index gives them in order (Rule V3)."""

import itertools
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.db import connection

from adieu.activities.kinds import Kind, Level
from adieu.activities.queries import COLUMNS, Filters, Order, find
from adieu.kit import sql
from adieu.kit.paging import after
from tests.support.chronicle import fill

pytestmark = pytest.mark.django_db(databases=["default", "vault"])

ORGANIZATION = uuid4()
ACTORS = [uuid4() for _ in range(5)]
FILTERS = {
    "activity_by_time": Filters(),
    "activity_by_kind": Filters(kind=Kind.PROJECT_DELETED),
    "activity_by_level": Filters(level=Level.ERROR),
    "activity_by_actor": Filters(actor_id=ACTORS[0]),
    "activity_by_subject_kind": Filters(subject_kind="api_key"),
    "activity_by_subject": Filters(thing=str(UUID(int=3))),
    "activity_by_subject_name": Filters(thing="Project 3"),
}

BEGINS = re.compile("(Index Cond|SEARCH).*recorded_at")
SLOW = ("Seq Scan", "Sort", "TEMP B-TREE", "SCAN activities")


def plans_of(index: str, now: datetime, *, is_deep: bool) -> Iterator[str]:
    """Explain the first page or a deep one, from either end, with and without a range of time."""
    for order, since in itertools.product(Order, (None, now)):
        by = COLUMNS[order]
        filters = replace(FILTERS[index], since=since)
        rows = find(organization_id=ORGANIZATION, filters=filters).order_by(*by)
        deep = after(rows.model, by, [str(now + timedelta(hours=9)), str(uuid4())])
        yield (rows.filter(deep) if is_deep else rows)[:51].explain()


def test_every_page_is_read_from_an_index_without_sorting(now: datetime) -> None:
    fill(uuid4(), ACTORS, now, count=1_000, things=50)
    fill(ORGANIZATION, ACTORS, now, count=9_000, things=50)
    if connection.vendor == "postgresql":
        # Right for as few rows as a test has: it reads them all, and sorts them.
        sql.run("SET LOCAL enable_bitmapscan = off")
    for index, is_deep in itertools.product(FILTERS, (False, True)):
        for plan in plans_of(index, now, is_deep=is_deep):
            assert f"{index} " in plan, plan
            assert not [word for word in SLOW if word in plan], plan
            # A deep page begins inside the index; else it would read all pages before it.
            assert not is_deep or BEGINS.search(plan), plan
