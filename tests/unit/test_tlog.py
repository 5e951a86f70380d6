"""Signed notes, heads of a log and proofs as C2SP describes them."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adieu.core import merkle
from adieu.core.notes import NotANote, NotSigned, open_note, public_key, read_key, sign_note
from adieu.core.tlog import (
    Checkpoint,
    NotACheckpoint,
    NotAProof,
    NotProven,
    Proof,
    check_proof,
    read_checkpoint,
    read_proof,
)

# The example of Go's package golang.org/x/mod/sumdb/note, which the specification describes.
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_SECRET = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
GO_TEXT = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
)
GO_NOTE = (
    f"{GO_TEXT}\n— PeterNeumann"
    " x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
ORIGIN = "console.example.org/deletions"
SEED, NEXT_SEED = b"a" * 32, b"b" * 32
KEY, NEXT_KEY = public_key(name=ORIGIN, seed=SEED), public_key(name=ORIGIN, seed=NEXT_SEED)
DATA = [f"receipt {number}".encode() for number in range(5)]
LEAVES = [merkle.leaf_hash(each) for each in DATA]
HEAD = Checkpoint(ORIGIN, len(LEAVES), merkle.root_of(LEAVES))


def proof_of(index: int, *, checkpoint: str = "") -> Proof:
    hashes = tuple(merkle.inclusion_proof(LEAVES, index=index))
    return Proof(index, hashes, checkpoint or sign_note(HEAD.text, name=ORIGIN, seed=SEED), b"nonce")


def test_example_of_the_first_implementation_opens() -> None:
    key = read_key(GO_KEY)
    assert str(key) == GO_KEY
    assert open_note(GO_NOTE, keys=[key]) == GO_TEXT


def test_example_of_the_first_implementation_is_signed_alike() -> None:
    seed = base64.b64decode(GO_SECRET.partition("c74f20a3+")[2])[1:]
    assert sign_note(GO_TEXT, name="PeterNeumann", seed=seed) == GO_NOTE


def test_note_of_an_unknown_key_does_not_open() -> None:
    with pytest.raises(NotSigned):
        open_note(GO_NOTE, keys=[KEY])


def test_changed_note_does_not_open() -> None:
    with pytest.raises(NotSigned):
        open_note(GO_NOTE.replace("answer", "Answer"), keys=[read_key(GO_KEY)])


def test_note_with_a_signature_of_another_key_opens() -> None:
    signature = sign_note(GO_TEXT, name="someone", seed=SEED).rpartition("\n\n")[2]
    assert open_note(GO_NOTE + signature, keys=[read_key(GO_KEY)]) == GO_TEXT


@pytest.mark.parametrize("other", ["nAN=\n", "nAM\n", "nAM==\n"])
def test_note_whose_signature_is_written_another_way_does_not_open(other: str) -> None:
    """The last letter before a `=` has bits that say nothing."""
    with pytest.raises(NotANote):
        open_note(GO_NOTE.removesuffix("nAM=\n") + other, keys=[read_key(GO_KEY)])


def test_proof_whose_nonce_is_written_another_way_is_none() -> None:
    text = proof_of(0).text
    assert "extra bm9uY2U=\n" in text
    with pytest.raises(NotAProof):
        read_proof(text.replace("bm9uY2U=", "bm9uY2V="))


def test_one_wrong_signature_of_a_known_key_spoils_a_note() -> None:
    wrong = sign_note("something else\n", name=ORIGIN, seed=SEED).rpartition("\n\n")[2]
    with pytest.raises(NotSigned):
        open_note(GO_NOTE + wrong, keys=[read_key(GO_KEY), KEY])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "\n\n",
        "a\n\n",
        "a\n\n— b\n",
        "a\n\n— b c=d\n",
        "a\x07\n\n— b YQ==\n",
        "a\n\n— b YQ==",
        "a\n\n- b YQ==\n",
        "a\n\n— b AAAA\n",
    ],
)
def test_what_is_no_note_is_none(text: str) -> None:
    with pytest.raises(NotANote):
        open_note(text, keys=[KEY])


@pytest.mark.parametrize(
    "text", ["", "a+b", "a+00000000+AQ==", GO_KEY.replace("c74f20a3", "c74f20a4"), "+x+AQ=="]
)
def test_what_is_no_key_is_none(text: str) -> None:
    with pytest.raises(NotANote):
        read_key(text)


def test_text_without_an_end_is_not_signed() -> None:
    with pytest.raises(NotANote):
        sign_note("no end", name=ORIGIN, seed=SEED)


def test_head_comes_back() -> None:
    assert read_checkpoint(HEAD.text) == HEAD


@pytest.mark.parametrize(
    "text", ["", "a\n", "a\n1\n", "a\n01\nAAAA\n", "a\n-1\nAAAA\n", "a\n1\nAAAA\n", f"\n1\n{'A' * 43}=\n"]
)
def test_what_is_no_head_is_none(text: str) -> None:
    with pytest.raises(NotACheckpoint):
        read_checkpoint(text)


@pytest.mark.parametrize("index", range(len(DATA)))
def test_proof_proves_its_leaf_and_no_other(index: int) -> None:
    proof = read_proof(proof_of(index).text)
    assert proof == proof_of(index)
    for number, data in enumerate(DATA):
        if number == index:
            assert check_proof(proof, data=data, origin=ORIGIN, keys=[KEY]) == HEAD
        else:
            with pytest.raises(NotProven):
                check_proof(proof, data=data, origin=ORIGIN, keys=[KEY])


def test_proof_under_a_new_key_needs_that_key() -> None:
    proof = proof_of(1, checkpoint=sign_note(HEAD.text, name=ORIGIN, seed=NEXT_SEED))
    with pytest.raises(NotProven):
        check_proof(proof, data=DATA[1], origin=ORIGIN, keys=[KEY])
    assert check_proof(proof, data=DATA[1], origin=ORIGIN, keys=[KEY, NEXT_KEY]) == HEAD


def test_proof_of_another_log_proves_nothing() -> None:
    foreign = Checkpoint("elsewhere.example.org", HEAD.size, HEAD.root)
    proof = proof_of(1, checkpoint=sign_note(foreign.text, name=ORIGIN, seed=SEED))
    with pytest.raises(NotProven):
        check_proof(proof, data=DATA[1], origin=ORIGIN, keys=[KEY])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("c2sp.org/tlog-proof@v1", "c2sp.org/tlog-proof@v2"),
        ("index 2", "index 02"),
        ("index 2", "index x"),
        ("index 2\n", ""),
        ("extra ", "extra !"),
        ("\n\n", "\n"),
        ("index 2\n", "index 2\nAAAA\n"),
        ("index 2\n", "index 2\n" + f"{'A' * 43}=\n" * 64),
    ],
)
def test_what_is_no_proof_is_none(old: str, new: str) -> None:
    text = proof_of(2).text
    assert old in text
    with pytest.raises(NotAProof):
        read_proof(text.replace(old, new))


@given(st.data())
def test_proof_that_was_changed_anywhere_proves_nothing(data: st.DataObject) -> None:
    text = proof_of(3).text
    at = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.sampled_from("A1=\n —x"))
    changed = text[:at] + other + text[at + 1 :]
    try:
        read = read_proof(changed)
        check_proof(read, data=DATA[3], origin=ORIGIN, keys=[KEY])
    except (NotAProof, NotProven):
        return
    # What was changed says the same all the same, or was the part that nothing vouches for.
    assert (read.index, read.hashes) == (proof_of(3).index, proof_of(3).hashes)
