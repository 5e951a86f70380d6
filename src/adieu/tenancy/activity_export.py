"""The activity log as a file, as it is shown (Rule V3)."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from adieu.kit.downloads import csv_row
from adieu.tenancy.activity_log import Entry, Wanted, walk

CSV_COLUMNS = (
    "recorded_at",
    "level",
    "kind",
    "actor",
    "activity",
    "subject",
    "subject_kind",
    "actor_id",
    "subject_id",
    "id",
)


class Format(StrEnum):
    """What a log can be exported as."""

    CSV = "csv"
    JSON_LINES = "jsonl"


@dataclass(frozen=True)
class Export:
    """A file that is written while it is read, a batch at a time."""

    parts: Iterator[str]
    name: str
    media_type: str


def export(*, organization_id: UUID, account_id: UUID, wanted: Wanted, form: Format) -> Export:
    """Write all of an organization's log that is wanted, for one of its owners.

    Args:
        organization_id: Whose log.
        account_id: Who looks.
        wanted: The same as for the list; the file holds what all its pages hold.
        form: CSV or JSON Lines.

    Raises:
        OrganizationNotFound, NotAllowed: the account may not look; at once, before anything is written.
    """
    batches = walk(organization_id=organization_id, account_id=account_id, wanted=wanted)
    write, media_type = WRITERS[form]
    return Export(write(batches), f"activities.{form}", media_type)


def as_json(entry: Entry) -> dict[str, Any]:
    """Give a line of the log as JSON Lines and the REST API have it."""
    return {
        "id": str(entry.id),
        "recorded_at": entry.recorded_at.isoformat(),
        "level": entry.level.value,
        "kind": entry.kind.value,
        "activity": entry.sentence,
        "actor": {"id": str(entry.actor_id) if entry.actor_id else None, "name": entry.who},
        "subject": {"kind": entry.subject_kind, "id": entry.subject_id, "name": entry.thing},
    }


def _as_csv(batches: Iterator[Sequence[Entry]]) -> Iterator[str]:
    yield csv_row(CSV_COLUMNS)
    for batch in batches:
        yield "".join(csv_row(_cells(entry)) for entry in batch)


def _as_json_lines(batches: Iterator[Sequence[Entry]]) -> Iterator[str]:
    for batch in batches:
        yield "".join(json.dumps(as_json(entry), ensure_ascii=False) + "\n" for entry in batch)


def _cells(entry: Entry) -> Sequence[str]:
    return (
        entry.recorded_at.isoformat(),
        entry.level.value,
        entry.kind.value,
        entry.who,
        entry.sentence,
        entry.thing,
        entry.subject_kind,
        str(entry.actor_id or ""),
        entry.subject_id,
        str(entry.id),
    )


WRITERS: dict[Format, tuple[Callable[[Iterator[Sequence[Entry]]], Iterator[str]], str]] = {
    Format.CSV: (_as_csv, "text/csv"),
    Format.JSON_LINES: (_as_json_lines, "application/jsonl"),
}
