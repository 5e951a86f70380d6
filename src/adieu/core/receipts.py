"""Receipts: the signed proof that a person keeps, and how anybody checks one without asking us (Rule L3).

A receipt is a JWS (RFC 7515) with `alg` Ed25519 (RFC 9864). Its file holds the receipt and the proof that it
stands in the log of receipts. The log's leaf is a hash over a random nonce and the receipt, so that nobody
who sees the log can guess a receipt; the nonce is the proof's extra part.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OKPKey

from adieu.core.notes import NotANote, NoteKey, read_key
from adieu.core.tlog import Checkpoint, NotAProof, NotProven, check_proof, read_proof

ALGORITHM = "Ed25519"
TYPE = "adieu-receipt+jwt"
NONCE_LENGTH = 32
LONGEST_FILE = 256 * 1024


class NotAReceipt(ValueError):
    """This is no receipt of a deletion."""


class NotKeys(ValueError):
    """These are no published keys of an installation."""


class NotGenuine(Exception):
    """The receipt was not signed by a known key, or does not stand in the log."""


@dataclass(frozen=True)
class PublishedKeys:
    """What an installation publishes, so that its receipts can be checked; past keys stay in it."""

    origin: str
    """The name of the log."""
    receipt_keys: Sequence[Mapping[str, str]]
    """Public keys as RFC 8037 writes them."""
    log_keys: Sequence[NoteKey]

    @property
    def text(self) -> str:
        """The document as it is published."""
        log = {"origin": self.origin, "keys": [str(key) for key in self.log_keys]}
        return json.dumps({"keys": list(self.receipt_keys), "log": log}, indent=2) + "\n"


@dataclass(frozen=True)
class ReceiptFile:
    """The one file that a person keeps."""

    receipt: str
    """The JWS, compact."""
    proof: str

    @property
    def text(self) -> str:
        """The file's content."""
        return json.dumps({"receipt": self.receipt, "proof": self.proof}, indent=2) + "\n"


@dataclass(frozen=True)
class Genuine:
    """A receipt that was checked: what it says, and the head of the log that it stands under."""

    says: Mapping[str, Any]
    head: Checkpoint
    index: int


def sign_receipt(says: Mapping[str, Any], *, seed: bytes) -> str:
    """Sign what a receipt says.

    Args:
        says: What can be written as JSON.
        seed: The 32 secret bytes of the key (RFC 8032).
    """
    key = _private(seed)
    header = {"alg": ALGORITHM, "typ": TYPE, "kid": key.thumbprint()}
    payload = json.dumps(says, sort_keys=True, separators=(",", ":")).encode()
    return jws.serialize_compact(header, payload, key, algorithms=[ALGORITHM])


def published_key(*, seed: bytes) -> dict[str, str]:
    """Give a key's public part, named by its thumbprint (RFC 7638)."""
    key = _private(seed)
    public = {name: str(value) for name, value in key.as_dict(private=False).items()}
    return {**public, "kid": key.thumbprint(), "alg": ALGORITHM, "use": "sig"}


def leaf_data(*, nonce: bytes, receipt: str) -> bytes:
    """Give what the log's leaf of a receipt is the hash of."""
    return nonce + receipt.encode()


def address_digest(*, nonce: bytes, canonical: str) -> str:
    """Give the digest by which a receipt names its address; without the nonce nobody can tell whose it is."""
    return hashlib.sha256(nonce + canonical.encode()).hexdigest()


def read_keys(text: str) -> PublishedKeys:
    """Read published keys.

    Raises:
        NotKeys: they are none.
    """
    try:
        found = json.loads(text)
        log = found["log"]
        return PublishedKeys(str(log["origin"]), list(found["keys"]), [read_key(key) for key in log["keys"]])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, NotANote) as error:
        raise NotKeys from error


def read_file(text: str) -> ReceiptFile:
    """Read the file that a person kept.

    Raises:
        NotAReceipt: it has not the form of one.
    """
    if len(text) > LONGEST_FILE:
        raise NotAReceipt
    try:
        found = json.loads(text)
        receipt, proof = found["receipt"], found["proof"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise NotAReceipt from error
    if not isinstance(receipt, str) or not isinstance(proof, str):
        raise NotAReceipt
    return ReceiptFile(receipt, proof)


def verify(file: ReceiptFile, *, keys: PublishedKeys) -> Genuine:
    """Check that a receipt was signed by an installation and stands in its log.

    Args:
        file: What the person kept.
        keys: What the installation published; a receipt needs the key that was in use when it was issued.

    Raises:
        NotAReceipt: the proof has not the form of one, or the receipt says nothing.
        NotGenuine: no such key signed it, or it does not stand in the log.
    """
    says = open_receipt(file.receipt, keys)
    try:
        proof = read_proof(file.proof)
    except NotAProof as error:
        raise NotAReceipt from error
    data = leaf_data(nonce=proof.extra, receipt=file.receipt)
    try:
        head = check_proof(proof, data=data, origin=keys.origin, keys=keys.log_keys)
    except NotProven as error:
        raise NotGenuine from error
    if len(proof.extra) != NONCE_LENGTH:
        raise NotAReceipt
    return Genuine(says, head, proof.index)


def open_receipt(receipt: str, keys: PublishedKeys) -> Mapping[str, Any]:
    """Check who signed a receipt, and give what it says; whether it stands in the log is another question.

    Raises:
        NotAReceipt: it says nothing.
        NotGenuine: no such key signed it.
    """
    try:
        known = KeySet.import_key_set({"keys": [dict(key) for key in keys.receipt_keys]})
        opened = jws.deserialize_compact(receipt, known, algorithms=[ALGORITHM])
        says = json.loads(opened.payload)
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise NotGenuine from error
    if opened.headers().get("typ") != TYPE or not isinstance(says, dict):
        raise NotAReceipt
    return says


def _private(seed: bytes) -> OKPKey:
    return OKPKey.import_key(Ed25519PrivateKey.from_private_bytes(seed))
