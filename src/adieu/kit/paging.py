"""Long lists, one page at a time.

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
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet

from adieu.core.keys import derive_key
from adieu.kit.errors import Fact

DEFAULT_LIMIT = 50
MOST_ITEMS = 100
LONGEST_CURSOR = 500
TAG_BYTES = 16


class CursorNotKnown(Fact):
    """This cursor does not come from this list."""


class Asked(Protocol):
    """Where a page begins and how long it is."""

    @property
    def cursor(self) -> str: ...
    @property
    def limit(self) -> int: ...


def page_of[Row: Model](
    rows: QuerySet[Row],
    *,
    of: str,
    by: Sequence[str],
    paging: Asked,
    show: Callable[[list[Row]], Sequence[Any]] = list,
) -> dict[str, Any]:
    """Give one page of a list.

    Args:
        rows: The whole list, unordered.
        of: The list's name, with whatever it was narrowed by; cursors of other lists are refused.
        by: Columns to order by, each in the same direction or with `-`; the last one is unique.
        paging: What was asked for.
        show: Turns the page's rows into what is answered, all at once.

    Raises:
        CursorNotKnown: the cursor was not made for this list.
    """
    ordered = rows.order_by(*by)
    if paging.cursor:
        ordered = ordered.filter(after(rows.model, by, _read(paging.cursor, of=of)))
    found = list(ordered[: paging.limit + 1])
    shown = found[: paging.limit]
    is_more = len(found) > paging.limit
    return {"items": show(shown), "next_cursor": _cursor(shown[-1], of=of, by=by) if is_more else None}


def batches_of[Row: Model](rows: QuerySet[Row], *, by: Sequence[str], size: int) -> Iterator[list[Row]]:
    """Walk through a whole list in batches, each a query of its own.

    Nothing stays open in between: a reader as slow as somebody's download would keep a database from
    emptying its log.

    Args:
        rows: The whole list, unordered.
        by: Columns to order by, as for `page_of`.
        size: The most rows of a batch.
    """
    ordered = rows.order_by(*by)
    batch = list(ordered[:size])
    while batch:
        yield batch
        if len(batch) < size:
            return
        batch = list(ordered.filter(after(rows.model, by, _values(batch[-1], by)))[:size])


def after(model: type[Model], by: Sequence[str], values: Sequence[str]) -> Q:
    """Compare column by column; databases differ too much in comparing rows."""
    if len(values) != len(by):
        raise CursorNotKnown
    condition, equal = Q(), Q()
    for column, value in zip(by, values, strict=True):
        name, bound = _bound(model, column, value)
        condition |= equal & Q(**{f"{name}__{_direction(column)}": bound})
        equal &= Q(**{name: bound})
    # Implied by the rest, and the only part that an index can begin at: without it, page n reads n pages.
    name, bound = _bound(model, by[0], values[0])
    return Q(**{f"{name}__{_direction(by[0])}e": bound}) & condition


def _direction(column: str) -> str:
    return "lt" if column.startswith("-") else "gt"


def _bound(model: type[Model], column: str, value: str) -> tuple[str, Any]:
    name = column.removeprefix("-")
    try:
        return name, model._meta.get_field(name).to_python(value)  # type: ignore[union-attr]  # noqa: SLF001 - Django's public way to a field
    except ValidationError as error:
        raise CursorNotKnown from error


def _values(row: Model, by: Sequence[str]) -> list[str]:
    return [str(getattr(row, column.removeprefix("-"))) for column in by]


def _cursor(row: Model, *, of: str, by: Sequence[str]) -> str:
    body = json.dumps(_values(row, by), separators=(",", ":")).encode()
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
