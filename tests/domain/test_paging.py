"""Long lists, one page at a time (Note [Cursors])."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from pydantic import ValidationError

from adieu.activities.models import Activity
from adieu.api.v1.paging import CursorNotKnown, Paging, page_of
from tests.support.history import forgettable

pytestmark = pytest.mark.django_db(databases=["default", "vault"])

START = datetime(2026, 1, 1, tzinfo=UTC)
ORGANIZATION = UUID(int=1)
BY = ("-recorded_at", "-id")


def happen(number: int) -> Activity:
    """Let something happen; three things always happen at one instant."""
    return Activity.objects.create(
        organization_id=ORGANIZATION,
        kind="project.created",
        level="info",
        subject_kind="project",
        subject_id=str(number),
        recorded_at=START + timedelta(microseconds=number // 3),
    )


def page(cursor: str = "", limit: int = 4, of: str = "activities") -> tuple[list[str], str | None]:
    found = page_of(Activity.objects.all(), of=of, by=BY, paging=Paging(cursor=cursor, limit=limit))
    return [item.subject_id for item in found["items"]], found["next_cursor"]


def test_every_row_is_shown_once_in_order() -> None:
    for number in range(10):
        happen(number)
    expected = list(Activity.objects.order_by(*BY).values_list("subject_id", flat=True))
    first, cursor = page()
    second, cursor = page(cursor or "")
    third, end = page(cursor or "")
    assert (first + second + third, end) == (expected, None)


def test_a_full_last_page_has_no_next() -> None:
    for number in range(4):
        happen(number)
    assert page()[1] is None


def test_rows_that_come_and_go_shift_nothing() -> None:
    for number in range(8):
        happen(number)
    first, cursor = page()
    happen(30)
    with forgettable():
        Activity.objects.filter(subject_id=first[-1]).delete()
    assert not set(page(cursor or "")[0]) & set(first)
    assert len(page(cursor or "")[0]) == 4


@pytest.mark.parametrize("wrong", ["x", "é", "A" * 40, "\0", "====", "W10"])
def test_another_cursor_is_refused(wrong: str) -> None:
    happen(1)
    with pytest.raises(CursorNotKnown):
        page(wrong)


def test_a_changed_cursor_and_one_of_another_list_are_refused() -> None:
    for number in range(8):
        happen(number)
    cursor = page()[1] or ""
    changed = cursor[:-2] + ("A" if cursor[-2] != "A" else "B") + cursor[-1]
    with pytest.raises(CursorNotKnown):
        page(changed)
    with pytest.raises(CursorNotKnown):
        page(cursor, of="activities of another organization")


@pytest.mark.parametrize("limit", [0, -1, 101])
def test_a_page_has_1_to_100_items(limit: int) -> None:
    with pytest.raises(ValidationError):
        Paging(limit=limit)
