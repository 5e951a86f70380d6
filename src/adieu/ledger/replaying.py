"""Taking in what the ledger says: making changes again that this database has not seen (Rule L2).

Note [Replaying]

The database remembers how far it has read (`Mark`), and each change it has seen (Note [Owed lines]). One that
was never restored has seen every change before the ledger tells of it, so reading on does nothing but move
the mark. A restored one meets changes it has not seen, and makes them again, in the order of the ledger, each
in a transaction of its own with the note that it was seen. So a replay that is killed goes on where it was.

The mark stays before a deletion that was intended and is neither confirmed nor aborted yet: whoever starts
has to find that line, and settle it (Rule L1).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from adieu.kit.crashing import crash_point
from adieu.kit.transactions import transaction, transaction_required
from adieu.ledger.entries import Entry, Head, Kind
from adieu.ledger.models import Mark
from adieu.ledger.owing import write_change
from adieu.ledger.stores import Store

CLOSING = {Kind.CONFIRMED, Kind.ABORTED, Kind.UNSETTLED}


class Replayer(Protocol):
    """Whoever makes a kind of change again."""

    def __call__(self, *, body: Mapping[str, Any], made_at: datetime, now: datetime) -> None:
        """Make it in the caller's transaction, as far as it is not the case already.

        Args:
            body: What the line says.
            made_at: When the line was written.
            now: The present.
        """


@dataclass(frozen=True)
class Taken:
    """What reading on brought."""

    replayed: int
    """How many changes were made again."""
    open_intents: tuple[Entry, ...]
    """Deletions of which the ledger does not say how they ended."""


_replayers: dict[Kind, Replayer] = {}


def register(kind: Kind, replayer: Replayer) -> None:
    """Say who makes a kind of change again."""
    _replayers[kind] = replayer


def take_in(*, store: Store, now: datetime) -> Taken:
    """Read what the ledger says since the mark, make the changes that this database has not seen.

    Raises:
        UnableToRead, LedgerDamaged: the ledger cannot be read on; what came before is taken in.
    """
    mark = Mark.objects.get()
    known = Head(mark.number, mark.chain)
    if store.head() == known:
        return Taken(0, ())
    intents: dict[str, Entry] = {}
    before: dict[int, Head] = {}
    replayed, last = 0, known
    for entry in store.entries(after=known):
        before[entry.number] = last
        _follow(entry, intents)
        replayed += _replay(entry, now)
        last = Head(entry.number, entry.chain)
    open_intents = tuple(intents.values())
    _move_mark(before[open_intents[0].number] if open_intents else last)
    return Taken(replayed, open_intents)


@transaction_required
def lock_mark() -> None:
    """Let one process at a time say what a line of the ledger means here."""
    # Reading it is what takes the lock.
    Mark.objects.select_for_update().get()


def _follow(entry: Entry, intents: dict[str, Entry]) -> None:
    """Keep the intents that are open, by their fences."""
    if entry.kind == Kind.INTENT:
        intents[entry.body["fence"]] = entry
    elif entry.kind in CLOSING:
        intents.pop(entry.body["fence"], None)


def _replay(entry: Entry, now: datetime) -> bool:
    if entry.kind not in _replayers:
        return False
    body = dict(entry.body)
    change_id = UUID(body.pop("change"))
    with transaction():
        is_new = write_change(
            change_id=change_id, kind=entry.kind, body=body, now=entry.recorded_at, number=entry.number
        )
        if is_new:
            _replayers[entry.kind](body=body, made_at=entry.recorded_at, now=now)
            crash_point("ledger.replayed")
    return is_new


def _move_mark(head: Head) -> None:
    # Never back: another process may have read further.
    Mark.objects.filter(number__lt=head.number).update(number=head.number, chain=head.chain)
    crash_point("ledger.mark_moved")
