"""Long lists over REST: `?limit=&cursor=`, answered by `items` and `next_cursor` (Note [Cursors])."""

from ninja import Schema
from pydantic import Field

from adieu.kit.paging import DEFAULT_LIMIT, LONGEST_CURSOR, MOST_ITEMS, CursorNotKnown, page_of

__all__ = ["CursorNotKnown", "PageOut", "Paging", "page_of"]


class Paging(Schema):
    """Where a page begins and how long it is: `paging: Query[Paging]`."""

    cursor: str = Field(default="", max_length=LONGEST_CURSOR)
    limit: int = Field(default=DEFAULT_LIMIT, ge=1, le=MOST_ITEMS)


class PageOut(Schema):
    """A page of a list; its items are declared by whoever inherits."""

    next_cursor: str | None
