"""One line of the ledger, and the chain that ties each line to all before it.

Note [The chain]

Every line carries a SHA-256 over the line before it and its own content. Who changes, drops or swaps a line
has to write all later ones anew, and then the database's mark, which remembers one of them, no longer fits.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from adieu.kit.errors import Fact

NOTHING = "0" * 64


class Kind(StrEnum):
    """What a line says."""

    OPENED = "opened"
    """The first line: which installation this ledger belongs to."""
    INTENT = "intent"
    """A deletion is about to be committed: deletion id, account id, claim keys, the fence."""
    CONFIRMED = "confirmed"
    """It was committed."""
    ABORTED = "aborted"
    """It was not, and cannot be any more."""
    UNSETTLED = "unsettled"
    """A restored database could not tell; an operator has to."""
    LIFTED = "lifted"
    """A retired claim was lifted (Rule C6)."""
    ORGANIZATION_DELETED = "organization_deleted"
    OWNER_MADE = "owner_made"
    """Somebody became an owner of an organization."""
    OWNER_UNMADE = "owner_unmade"
    """Somebody is an owner no more."""
    RECEIPT = "receipt"
    """The leaf of a receipt in the Merkle log."""
    CHECKPOINT = "checkpoint"
    """A head of the Merkle log that was signed: size, root, text."""


class LedgerDamaged(Fact):
    """A line of the ledger is damaged or does not follow from the line before it."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number

    def __str__(self) -> str:
        return f"Line {self.number} of the ledger is damaged or does not follow from the line before it."


@dataclass(frozen=True)
class Entry:
    """One line, as it stands in the ledger."""

    number: int
    """From 1, without gaps."""
    recorded_at: datetime
    kind: Kind
    body: Mapping[str, Any]
    chain: str
    """In hex; see Note [The chain]."""


@dataclass(frozen=True)
class Head:
    """How far a ledger goes: the number and the chain of its last line."""

    number: int = 0
    chain: str = NOTHING


# Before the first line.
BEGINNING = Head()


def follow(head: Head, *, kind: Kind, body: Mapping[str, Any], now: datetime) -> Entry:
    """Make the line that comes after a head."""
    number, moment = head.number + 1, now.isoformat()
    chain = _chain(head.chain, number=number, moment=moment, kind=kind, body=body)
    return Entry(number=number, recorded_at=now, kind=kind, body=body, chain=chain)


def as_line(entry: Entry) -> str:
    """Write an entry as one line of JSON, without the line's end."""
    return _json(
        {
            "n": entry.number,
            "at": entry.recorded_at.isoformat(),
            "kind": entry.kind,
            "body": entry.body,
            "chain": entry.chain,
        }
    )


def read_lines(lines: Iterable[str], *, after: Head) -> Iterator[Entry]:
    """Read lines, and check that each follows from the one before.

    Args:
        lines: without their ends.
        after: what the first of them has to follow from.

    Raises:
        LedgerDamaged: one does not follow.
    """
    head = after
    for line in lines:
        entry = read_line(line, number=head.number + 1)
        if entry.chain != _chain_of(entry, after=head) or entry.number != head.number + 1:
            raise LedgerDamaged(head.number + 1)
        head = Head(entry.number, entry.chain)
        yield entry


def read_line(line: str, *, number: int) -> Entry:
    """Read one line by itself; whether it follows from the one before is the caller's to check.

    Args:
        line: without its end.
        number: which line it is thought to be, for the error.

    Raises:
        LedgerDamaged: it is no line of a ledger.
    """
    try:
        found = json.loads(line)
        if type(found["n"]) is not int or type(found["body"]) is not dict:
            raise LedgerDamaged(number)
        return Entry(
            number=found["n"],
            recorded_at=datetime.fromisoformat(found["at"]),
            kind=Kind(found["kind"]),
            body=found["body"],
            chain=found["chain"],
        )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise LedgerDamaged(number) from error


def _chain_of(entry: Entry, *, after: Head) -> str:
    moment = entry.recorded_at.isoformat()
    return _chain(after.chain, number=entry.number, moment=moment, kind=entry.kind, body=entry.body)


def _chain(before: str, *, number: int, moment: str, kind: Kind, body: Mapping[str, Any]) -> str:
    content = _json({"n": number, "at": moment, "kind": kind, "body": body})
    return hashlib.sha256(f"{before}\n{content}".encode()).hexdigest()


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
