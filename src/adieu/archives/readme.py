"""The page that tells a person what is in their archive."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from textwrap import indent, wrap

from adieu.core.archiving import Table

WIDTH = 90
HEAD = """\
Your data
=========

This archive holds what this installation of Adieu keeps of you.
It was put together on {day} at {time} UTC.

Each list is here twice, with the same content:

- .json is for programs (JSON, RFC 8259, UTF-8): a list of objects.
- .csv is for spreadsheets (CSV, RFC 4180, UTF-8): a line of names, then one line an entry. A cell that a
  spreadsheet would take for a formula has an apostrophe (') in front. The JSON has it as it is.

All times are in UTC, as 2026-11-24T04:52:31Z (ISO 8601). What is not known or does not apply is null in JSON
and empty in CSV. An id is a name that the software gives; it stands for the same thing in all files.

Not in here are:

- Names, addresses and acts of other people. Those are theirs.
- Secrets: passwords and keys are kept as digests, from which nobody can tell them.
- What belongs to an organization and not to you, such as its description. Owners read and export the
  activity log of their organization in the console.
- What only makes the software work, such as counters and numbers of versions.

What becomes of each field when you leave, and where it stands in this archive, is written down in the
documentation of Adieu, on the page "What becomes of each field".

The files
=========
"""


def readme(tables: Sequence[Table], *, moment: datetime) -> str:
    """Write it: how to read the files, then what is in each."""
    at = moment.astimezone(UTC)
    head = HEAD.format(day=at.strftime("%Y-%m-%d"), time=at.strftime("%H:%M"))
    return "\n".join([head, *(line for table in tables for line in _about(table))])


def _about(table: Table) -> Iterator[str]:
    yield f"{table.name}.json, {table.name}.csv"
    yield indent("\n".join(wrap(table.about, WIDTH)), "  ")
    yield ""
    for name, says in table.columns.items():
        yield f"  {name}: {says}"
    yield ""
