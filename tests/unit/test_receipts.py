"""Receipts can be checked by anybody, and only genuine ones pass (Rule L3)."""

import base64
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adieu.core import merkle
from adieu.core.notes import public_key, sign_note
from adieu.core.receipts import (
    NotAReceipt,
    NotGenuine,
    NotKeys,
    PublishedKeys,
    ReceiptFile,
    address_digest,
    leaf_data,
    published_key,
    read_file,
    read_keys,
    sign_receipt,
    verify,
)
from adieu.core.tlog import Checkpoint, Proof

ORIGIN = "console.example.org/deletions"
SEED, NEXT_SEED, FOREIGN_SEED = b"a" * 32, b"b" * 32, b"c" * 32
NONCE = b"n" * 32
SAYS = {"deletion": "1", "erased": {"sessions": 2}}
# RFC 8037, appendix A.1 and A.3: a key and its thumbprint.
RFC_SEED = base64.urlsafe_b64decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=")
RFC_PUBLIC = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
RFC_THUMBPRINT = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def keys_of(*seeds: bytes) -> PublishedKeys:
    return PublishedKeys(
        ORIGIN,
        [published_key(seed=seed) for seed in seeds],
        [public_key(name=ORIGIN, seed=seed) for seed in seeds],
    )


def issue(*, seed: bytes = SEED, origin: str = ORIGIN, nonce: bytes = NONCE) -> ReceiptFile:
    receipt = sign_receipt(SAYS, seed=seed)
    leaves = [merkle.leaf_hash(data) for data in (b"one", leaf_data(nonce=nonce, receipt=receipt), b"three")]
    head = Checkpoint(origin, len(leaves), merkle.root_of(leaves))
    note = sign_note(head.text, name=origin, seed=seed)
    proof = Proof(1, tuple(merkle.inclusion_proof(leaves, index=1)), note, nonce)
    return ReceiptFile(receipt, proof.text)


def test_receipt_says_what_was_signed() -> None:
    genuine = verify(read_file(issue().text), keys=read_keys(keys_of(SEED).text))
    assert genuine.says == SAYS
    assert (genuine.head.origin, genuine.head.size, genuine.index) == (ORIGIN, 3, 1)


def test_receipt_outlives_its_key() -> None:
    assert verify(issue(), keys=keys_of(SEED, NEXT_SEED)).says == SAYS
    assert verify(issue(seed=NEXT_SEED), keys=keys_of(SEED, NEXT_SEED)).says == SAYS


def test_receipt_of_elsewhere_is_not_genuine() -> None:
    with pytest.raises(NotGenuine):
        verify(issue(seed=FOREIGN_SEED), keys=keys_of(SEED))
    with pytest.raises(NotGenuine):
        verify(issue(origin="elsewhere.example.org"), keys=keys_of(SEED))


def test_receipt_with_the_proof_of_another_is_not_genuine() -> None:
    other = sign_receipt({**SAYS, "deletion": "2"}, seed=SEED)
    with pytest.raises(NotGenuine):
        verify(replace(issue(), receipt=other), keys=keys_of(SEED))


def test_receipt_without_a_signature_is_not_genuine() -> None:
    def encoded(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    kid = published_key(seed=SEED)["kid"]
    for algorithm in ("none", "HS256", "EdDSA"):
        forged = f"{encoded({'alg': algorithm, 'kid': kid})}.{encoded(SAYS)}."
        with pytest.raises(NotGenuine):
            verify(replace(issue(), receipt=forged), keys=keys_of(SEED))


def test_short_nonce_is_refused() -> None:
    with pytest.raises(NotAReceipt):
        verify(issue(nonce=b"short"), keys=keys_of(SEED))


@given(st.data())
def test_changed_receipt_is_not_genuine(data: st.DataObject) -> None:
    file = issue()
    # The last character of an encoded part has bits that say nothing, so it is left alone.
    at = data.draw(st.integers(0, len(file.receipt) - 2))
    other = data.draw(st.sampled_from("Az09-_."))
    changed = file.receipt[:at] + other + file.receipt[at + 1 :]
    if changed == file.receipt:
        return
    with pytest.raises((NotGenuine, NotAReceipt)):
        verify(replace(file, receipt=changed), keys=keys_of(SEED))


@pytest.mark.parametrize(
    "text", ["", "null", "[]", "{}", '{"receipt": 1, "proof": ""}', "[" * 100_000, "a" * 300_000]
)
def test_what_is_no_receipt_is_none(text: str) -> None:
    with pytest.raises(NotAReceipt):
        read_file(text)


@pytest.mark.parametrize(
    "text", ["", "null", "[]", "{}", '{"keys": [], "log": {"origin": "a", "keys": ["b"]}}']
)
def test_what_are_no_keys_are_none(text: str) -> None:
    with pytest.raises(NotKeys):
        read_keys(text)


def test_key_is_named_as_the_standard_names_it() -> None:
    key = published_key(seed=RFC_SEED)
    assert (key["kty"], key["crv"], key["x"]) == ("OKP", "Ed25519", RFC_PUBLIC)
    assert key["kid"] == RFC_THUMBPRINT
    assert "d" not in key


def test_address_is_told_only_to_who_has_the_nonce() -> None:
    digest = address_digest(nonce=NONCE, canonical="alice@example.org")
    assert digest == address_digest(nonce=NONCE, canonical="alice@example.org")
    assert digest != address_digest(nonce=b"m" * 32, canonical="alice@example.org")
    assert digest != address_digest(nonce=NONCE, canonical="bob@example.org")
