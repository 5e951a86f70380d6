"""The log of receipts: a Merkle tree whose leaves stand in the ledger (Rule L3).

Note [One tree]

The leaves are the `receipt` lines of the ledger in their order, of each deletion the first one: a worker that
died before it knew of its line may have written another. So there is one tree of each size, whoever looks
and whenever, and no database has a say in it: a restored one can make the log neither forget nor fork. A head
is signed over what the ledger holds, and stands in the ledger before anybody gets a proof against it. What is
signed next has to begin with the largest tree that was signed before; else nothing is signed any more.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from uuid import UUID

from adieu.core import merkle
from adieu.core.notes import NotANote, NoteKey, NotSigned, open_note, public_key, sign_note
from adieu.core.tlog import Checkpoint, NotACheckpoint, Proof, read_checkpoint
from adieu.kit.crashing import crash_point
from adieu.kit.errors import Fact
from adieu.ledger.entries import BEGINNING, Entry, Head, Kind
from adieu.ledger.stores import Store


class UnableToIssue(Fact):
    """The receipts in the ledger are not those that the last signed head of their log stands for."""


@dataclass(frozen=True)
class _Place:
    """Where a receipt stands: which leaf it is, and the line before its own."""

    index: int
    before: Head


@dataclass
class _Reading:
    """What a process has read of a ledger; it reads on from there."""

    head: Head = BEGINNING
    leaves: list[bytes] = field(default_factory=list)
    places: dict[str, _Place] = field(default_factory=dict)
    note: str = ""
    """The largest head that was signed."""
    size: int = 0

    def take(self, entry: Entry) -> None:
        """Take in one line."""
        body = entry.body
        if entry.kind == Kind.RECEIPT and body["change"] not in self.places:
            self.places[body["change"]] = _Place(len(self.leaves), self.head)
            self.leaves.append(bytes.fromhex(body["leaf"]))
        elif entry.kind == Kind.CHECKPOINT and body["size"] >= self.size:
            self.note, self.size = body["note"], body["size"]
        self.head = Head(entry.number, entry.chain)


@dataclass(frozen=True)
class _Tree:
    """The log at one moment, and where in it a receipt stands."""

    leaves: tuple[bytes, ...]
    note: str
    place: _Place | None


_readings: dict[str, _Reading] = {}
_one_at_a_time = Lock()


def origin_of(store: Store) -> str:
    """Give the log's name: the installation's as its ledger knows it, which outlives hosts and restores."""
    first = next(iter(store.entries()))
    return f"adieu/{first.body['installation']}"


class ReceiptLog:
    """The log of receipts in a ledger."""

    def __init__(self, store: Store, *, seeds: Mapping[int, bytes]) -> None:
        """Remember where the ledger is and what signs.

        Args:
            store: The ledger.
            seeds: The log's keys by version; the highest one signs.
        """
        self._store, self._seeds, self.origin = store, seeds, origin_of(store)

    @property
    def keys(self) -> list[NoteKey]:
        """The public keys of the log, past ones included."""
        return [public_key(name=self.origin, seed=seed) for _, seed in sorted(self._seeds.items())]

    def receipt_of(self, change_id: UUID) -> str | None:
        """Give the receipt that the log has under an id, if it has one.

        Raises:
            UnableToIssue: the ledger is shorter than it was.
        """
        place = self._look(change_id).place
        if place is None:
            return None
        line = next(iter(self._store.entries(after=place.before)))
        return str(line.body["receipt"])

    def enter(self, change_id: UUID, *, leaf: bytes, receipt: str, now: datetime) -> None:
        """Write a receipt into the log; of two under one id the first counts.

        Raises:
            UnableToIssue: the log is not what its last head says.
            UnableToAppend: the ledger cannot be written.
        """
        self._last_head(self._look(change_id))
        body = {"change": str(change_id), "leaf": leaf.hex(), "receipt": receipt}
        self._store.append(kind=Kind.RECEIPT, body=body, now=now)
        crash_point("receipt.entered")

    def prove(self, change_id: UUID, *, now: datetime) -> Proof:
        """Prove that a receipt stands in the log, under a head that is signed now if none covers it.

        Raises:
            UnableToIssue: the log is not what its last head says, or the receipt is not in it.
            UnableToAppend: the ledger cannot be written.
        """
        tree = self._look(change_id)
        head = self._last_head(tree)
        if tree.place is None:
            raise UnableToIssue
        if head is not None and tree.place.index < head.size:
            note = tree.note
        else:
            head = Checkpoint(self.origin, len(tree.leaves), merkle.root_of(tree.leaves))
            note = self._sign(head, now=now)
        hashes = merkle.inclusion_proof(tree.leaves[: head.size], index=tree.place.index)
        return Proof(tree.place.index, tuple(hashes), note)

    def require_whole(self) -> None:
        """Make sure that the keys fit the largest signed head, and that the log begins with its tree.

        Raises:
            UnableToIssue: they do not, or it does not.
        """
        self._last_head(self._look(UUID(int=0)))

    def _sign(self, head: Checkpoint, *, now: datetime) -> str:
        note = sign_note(head.text, name=self.origin, seed=self._seeds[max(self._seeds)])
        body = {"size": head.size, "root": head.root.hex(), "note": note}
        self._store.append(kind=Kind.CHECKPOINT, body=body, now=now)
        crash_point("receipt.head_signed")
        return note

    def _last_head(self, tree: _Tree) -> Checkpoint | None:
        """Give the largest head that was signed, and make sure that the log begins with its tree."""
        if not tree.note:
            return None
        try:
            head = read_checkpoint(open_note(tree.note, keys=self.keys))
        except (NotANote, NotSigned, NotACheckpoint) as error:
            raise UnableToIssue from error
        is_whole = head.size <= len(tree.leaves) and merkle.root_of(tree.leaves[: head.size]) == head.root
        if head.origin != self.origin or not is_whole:
            raise UnableToIssue
        return head

    def _look(self, change_id: UUID) -> _Tree:
        """Read what was added to the ledger."""
        with _one_at_a_time:
            reading = _readings.setdefault(self._store.place, _Reading())
            if self._store.head().number < reading.head.number:
                raise UnableToIssue
            for entry in self._store.entries(after=reading.head):
                reading.take(entry)
            return _Tree(tuple(reading.leaves), reading.note, reading.places.get(str(change_id)))
