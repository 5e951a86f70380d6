"""Heads of a log and proofs that something stands in it, as text that anyone can check offline.

Sources: https://c2sp.org/tlog-checkpoint, https://c2sp.org/tlog-proof
"""

import base64
import re
from collections.abc import Iterable
from dataclasses import dataclass

from adieu.core import merkle
from adieu.core.notes import NotANote, NoteKey, NotSigned, bytes_of, open_note

FIRST_LINE = "c2sp.org/tlog-proof@v1"
HASH_LENGTH = 32
# A tree of 2 to the 63 leaves is this high; what is longer is no proof.
MOST_HASHES = 63
NUMBER = re.compile("0|[1-9][0-9]{0,18}")


class NotACheckpoint(ValueError):
    """This is no head of a log."""


class NotAProof(ValueError):
    """This is no proof that something stands in a log."""


class NotProven(Exception):
    """The proof does not show what it should."""


@dataclass(frozen=True)
class Checkpoint:
    """The head of a log: whose it is, how many leaves it has, and the root over them."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """What is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


@dataclass(frozen=True)
class Proof:
    """That a leaf stands at an index of a log whose head was signed."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: str
    """The signed note."""
    extra: bytes = b""
    """What a checker needs besides; not vouched for by the proof."""

    @property
    def text(self) -> str:
        """The proof as it is handed out."""
        extra = [f"extra {base64.b64encode(self.extra).decode()}"] if self.extra else []
        hashes = [base64.b64encode(each).decode() for each in self.hashes]
        return "\n".join([FIRST_LINE, *extra, f"index {self.index}", *hashes, "", self.checkpoint])


def read_checkpoint(text: str) -> Checkpoint:
    """Read the text of a checkpoint, whose signature was checked before.

    Raises:
        NotACheckpoint: it has not the form of one.
    """
    origin, size, root, *_ = [*text.split("\n"), "", "", ""]
    found = bytes_of(root)
    if not origin or not NUMBER.fullmatch(size) or found is None or len(found) != HASH_LENGTH:
        raise NotACheckpoint(text)
    return Checkpoint(origin, int(size), found)


def read_proof(text: str) -> Proof:
    """Read a proof.

    Raises:
        NotAProof: it has not the form of one.
    """
    above, _, checkpoint = text.partition("\n\n")
    first, *lines = above.split("\n")
    extra = bytes_of(lines.pop(0).removeprefix("extra ")) if lines and lines[0].startswith("extra ") else b""
    index = lines.pop(0).removeprefix("index ") if lines and lines[0].startswith("index ") else ""
    hashes = [bytes_of(line) for line in lines]
    if first != FIRST_LINE or extra is None or not NUMBER.fullmatch(index) or not checkpoint:
        raise NotAProof(text)
    whole = tuple(each for each in hashes if each is not None and len(each) == HASH_LENGTH)
    if len(whole) != len(hashes) or len(whole) > MOST_HASHES:
        raise NotAProof(text)
    return Proof(int(index), whole, checkpoint, extra)


def check_proof(proof: Proof, *, data: bytes, origin: str, keys: Iterable[NoteKey]) -> Checkpoint:
    """Check that a log has signed a head under which some data stands; give that head.

    Args:
        proof: As it was handed out.
        data: What the leaf stands for.
        origin: The name of the log that is trusted.
        keys: The log's keys, past ones included.

    Raises:
        NotProven: the head is another log's, is not signed by it, or the data does not stand under it.
    """
    try:
        checkpoint = read_checkpoint(open_note(proof.checkpoint, keys=keys))
    except (NotANote, NotSigned, NotACheckpoint) as error:
        raise NotProven from error
    is_in_it = merkle.is_included(
        leaf=merkle.leaf_hash(data),
        index=proof.index,
        size=checkpoint.size,
        root=checkpoint.root,
        proof=proof.hashes,
    )
    if checkpoint.origin != origin or not is_in_it:
        raise NotProven
    return checkpoint
