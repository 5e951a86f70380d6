"""Long lists as Zilliz Cloud has them: `pageSize` and `currentPage`, both numbers."""

from typing import Any

from django.db.models import QuerySet
from ninja import Schema
from pydantic import Field

from adieu.api.v2.refusals import CurrentPageNotAllowed, PageSizeNotAllowed
from adieu.kit.errors import Fact

MOST_ITEMS = 100
LAST_PAGE = 2**31 - 1


class Paging(Schema):
    """Which page is wanted. Text, for a number that is none has codes of its own."""

    page_size: str = Field(default="10", alias="pageSize")
    current_page: str = Field(default="1", alias="currentPage")


def page_of(rows: QuerySet[Any], paging: Paging) -> tuple[QuerySet[Any], dict[str, int]]:
    """Give the rows of a page, and what is told of it.

    Raises:
        PageSizeNotAllowed, CurrentPageNotAllowed: there is no such page.
    """
    size = _number(paging.page_size, most=MOST_ITEMS, otherwise=PageSizeNotAllowed)
    current = _number(paging.current_page, most=LAST_PAGE, otherwise=CurrentPageNotAllowed)
    start = (current - 1) * size
    told = {"count": rows.count(), "currentPage": current, "pageSize": size}
    return rows[start : start + size], told


def _number(text: str, *, most: int, otherwise: type[Fact]) -> int:
    # Longer ones are not even read: that would take time.
    is_number = text.isascii() and text.isdecimal() and len(text) <= len(str(most))
    number = int(text) if is_number else 0
    if not 1 <= number <= most:
        raise otherwise
    return number
