"""Ids as Zilliz Cloud's clients know them: `proj-` and 22 hexadecimal digits, `in01-` and 15.

They are the beginnings of our own ids, so nothing is kept for them. One is looked up by the range of ids that
begin like it, among what the caller may see; should two ever begin alike, it is neither of them.
"""

import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from adieu.kit.errors import Fact

DIGITS_OF_ALL = 32


@dataclass(frozen=True)
class Form:
    """How the ids of one kind of thing are written."""

    prefix: str
    digits: int

    def write(self, id_: UUID) -> str:
        """Write an id."""
        return self.prefix + id_.hex[: self.digits]

    def span(self, text: str) -> tuple[UUID, UUID] | None:
        """Give the first and the last id that are written so, or nothing for what is no such id."""
        if not re.fullmatch(f"{self.prefix}[0-9a-f]{{{self.digits}}}", text):
            return None
        start = text.removeprefix(self.prefix)
        return UUID(start.ljust(DIGITS_OF_ALL, "0")), UUID(start.ljust(DIGITS_OF_ALL, "f"))


PROJECT = Form("proj-", 22)
CLUSTER = Form("in01-", 15)


def find(text: str, form: Form, *, among: QuerySet[Any], otherwise: type[Fact]) -> UUID:
    """Give the id of the one row that is meant.

    Args:
        text: What the client sent.
        form: What it should be the id of.
        among: What the caller may see.
        otherwise: What is raised when there is no such row.
    """
    span = form.span(text)
    found: list[UUID] = list(among.filter(id__range=span).values_list("id", flat=True)[:2]) if span else []
    if len(found) != 1:
        raise otherwise
    return found[0]
