"""Long lists, one page at a time: `?limit=&cursor=`, answered by `items` and `next_cursor`.

Note [Cursors]
A cursor holds the values of the ordering columns of the last row that was shown, and the next page begins
after them; rows that come and go in between shift nothing. The values are signed together with the name of
the list, so that a cursor is good for nothing but going on. They stand in an address, so a list is never
ordered by what tells who somebody is (Rule P1).
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from ninja import Schema
from pydantic import Field

from adieu.core.keys import derive_key
from adieu.kit.errors import Fact

DEFAULT_LIMIT = 50
MOST_ITEMS = 100
LONGEST_CURSOR = 500
TAG_BYTES = 16


class CursorNotKnown(Fact):
    """This cursor does not come from this list."""


class Paging(Schema):
    """Where a page begins and how long it is: `paging: Query[Paging]`."""

    cursor: str = Field(default="", max_length=LONGEST_CURSOR)
    limit: int = Field(default=DEFAULT_LIMIT, ge=1, le=MOST_ITEMS)


class PageOut(Schema):
    """A page of a list; its items are declared by whoever inherits."""

    next_cursor: str | None


def page_of[Row: Model](
    rows: QuerySet[Row],
    *,
    of: str,
    by: Sequence[str],
    paging: Paging,
    show: Callable[[list[Row]], Sequence[Any]] = list,
) -> dict[str, Any]:
    """Give one page of a list.

    Args:
        rows: The whole list, unordered.
        of: The list's name, with whatever it was narrowed by; cursors of other lists are refused.
        by: Columns to order by, each in the same direction or with `-`; the last one is unique.
        paging: What was asked for.
        show: Turns the page's rows into what the API answers, all at once.

    Raises:
        CursorNotKnown: the cursor was not made for this list.
    """
    ordered = rows.order_by(*by)
    if paging.cursor:
        ordered = ordered.filter(_after(rows.model, by, _read(paging.cursor, of=of)))
    found = list(ordered[: paging.limit + 1])
    shown = found[: paging.limit]
    is_more = len(found) > paging.limit
    return {"items": show(shown), "next_cursor": _cursor(shown[-1], of=of, by=by) if is_more else None}


def _after(model: type[Model], by: Sequence[str], values: Sequence[str]) -> Q:
    """Compare column by column; databases differ too much in comparing rows."""
    if len(values) != len(by):
        raise CursorNotKnown
    condition, equal = Q(), Q()
    for column, value in zip(by, values, strict=True):
        name = column.removeprefix("-")
        bound = _bound(model, name, value)
        direction = "lt" if column.startswith("-") else "gt"
        condition |= equal & Q(**{f"{name}__{direction}": bound})
        equal &= Q(**{name: bound})
    return condition


def _bound(model: type[Model], name: str, value: str) -> Any:
    try:
        return model._meta.get_field(name).to_python(value)  # type: ignore[union-attr]  # noqa: SLF001 - Django's public way to a field
    except ValidationError as error:
        raise CursorNotKnown from error


def _cursor(row: Model, *, of: str, by: Sequence[str]) -> str:
    values = [str(getattr(row, column.removeprefix("-"))) for column in by]
    body = json.dumps(values, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(_tag(body, of) + body).rstrip(b"=").decode()


def _read(cursor: str, *, of: str) -> list[str]:
    """Give the values that a cursor of this list holds."""
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except (binascii.Error, ValueError) as error:
        raise CursorNotKnown from error
    tag, body = raw[:TAG_BYTES], raw[TAG_BYTES:]
    if not hmac.compare_digest(tag, _tag(body, of)):
        raise CursorNotKnown
    values: list[str] = json.loads(body)
    return values


def _tag(body: bytes, of: str) -> bytes:
    key = derive_key(settings.ROOT_KEY, "cursors")
    return hmac.digest(key, of.encode() + b"\0" + body, hashlib.sha256)[:TAG_BYTES]
