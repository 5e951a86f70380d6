"""Signed notes: a text that people can read, with Ed25519 signatures below it.

Source: https://c2sp.org/signed-note
"""

import base64
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519 = b"\x01"
KEY_LENGTH = 32
ID_LENGTH = 4
MOST_SIGNATURES = 16
SIGNATURE_LINE = re.compile("— ([^ +\n]+) ([A-Za-z0-9+/=]+)")
CONTROL = re.compile("[\x00-\x09\x0b-\x1f]")


class NotANote(ValueError):
    """This is no signed note."""


class NotSigned(Exception):
    """No known key has signed this note, or a known key's signature does not fit it."""


@dataclass(frozen=True)
class NoteKey:
    """A public key as notes know it: a name, and 32 bytes of Ed25519."""

    name: str
    public: bytes

    @property
    def id(self) -> bytes:
        """The 4 bytes by which a signature names its key."""
        return hashlib.sha256(self.name.encode() + b"\n" + ED25519 + self.public).digest()[:ID_LENGTH]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{_base64(ED25519 + self.public)}"


def read_key(text: str) -> NoteKey:
    """Read a key as it is published, `name+id+base64`.

    Raises:
        NotANote: it is no such key, or its id is not its own.
    """
    name, _, rest = text.partition("+")
    key_id, _, encoded = rest.partition("+")
    found = _bytes(encoded)
    key = NoteKey(name, found[1:])
    if found[:1] != ED25519 or len(key.public) != KEY_LENGTH or key.id.hex() != key_id or not name:
        raise NotANote(text)
    return key


def sign_note(text: str, *, name: str, seed: bytes) -> str:
    """Sign a text.

    Args:
        text: Ends with a line end.
        name: The key's name, without blanks and plus signs.
        seed: The 32 secret bytes of the key (RFC 8032).

    Raises:
        NotANote: the text cannot be a note's.
    """
    if not text.endswith("\n") or CONTROL.search(text):
        raise NotANote(text)
    private = Ed25519PrivateKey.from_private_bytes(seed)
    key = NoteKey(name, private.public_key().public_bytes_raw())
    return f"{text}\n— {name} {_base64(key.id + private.sign(text.encode()))}\n"


def open_note(note: str, *, keys: Iterable[NoteKey]) -> str:
    """Give the text of a note that a known key has signed; signatures of other keys are passed over.

    Raises:
        NotANote: it has not the form of one.
        NotSigned: no known key has signed it, or a known key's signature does not fit.
    """
    text, signatures = _split(note)
    known = {(key.name, key.id): key for key in keys}
    is_signed = False
    for name, signature in signatures:
        key = known.get((name, signature[:ID_LENGTH]))
        if key is not None:
            _check(key, signature[ID_LENGTH:], text)
            is_signed = True
    if not is_signed:
        raise NotSigned
    return text


def public_key(*, name: str, seed: bytes) -> NoteKey:
    """Give the public part of a key."""
    return NoteKey(name, Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw())


def _check(key: NoteKey, signature: bytes, text: str) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(signature, text.encode())
    except InvalidSignature as error:
        raise NotSigned from error


def _split(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    above, blank, below = note.rpartition("\n\n")
    lines = below.split("\n")
    is_whole = bool(above) and bool(blank) and lines.pop() == "" and 0 < len(lines) <= MOST_SIGNATURES
    if not is_whole or CONTROL.search(note):
        raise NotANote(note)
    return f"{above}\n", [_signature(line) for line in lines]


def _signature(line: str) -> tuple[str, bytes]:
    matched = SIGNATURE_LINE.fullmatch(line)
    if matched is None:
        raise NotANote(line)
    return matched[1], _bytes(matched[2], least=ID_LENGTH + 1)


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def bytes_of(text: str) -> bytes | None:
    """Read Base64; nothing if there is another way to write the same, so that nobody can change a letter."""
    try:
        found = base64.b64decode(text, validate=True)
    except ValueError:
        return None
    return found if _base64(found) == text else None


def _bytes(text: str, *, least: int = 1) -> bytes:
    found = bytes_of(text)
    if found is None or len(found) < least:
        raise NotANote(text)
    return found
