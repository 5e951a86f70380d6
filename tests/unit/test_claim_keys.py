"""A claim key tells nothing, and no two identifiers share one (Rule C1)."""

from hypothesis import assume, given
from hypothesis import strategies as st

from adieu.core.claim_keys import claim_key

PEPPER = b"\x01" * 32


def test_a_key_is_64_hexadecimal_digits_that_never_change() -> None:
    key = claim_key(pepper=PEPPER, kind="email", canonical="alice@example.org")
    assert key == "7027fc9af6ffbded9c077bc58ec9f34c5140a5fb246a051a3faa29f2d75819cd"


def test_another_pepper_gives_another_key() -> None:
    keys = {claim_key(pepper=bytes([n]) * 32, kind="email", canonical="alice@example.org") for n in range(3)}
    assert len(keys) == 3


PAIRS = st.tuples(st.text(max_size=8), st.text(max_size=8))


@given(PAIRS, PAIRS)
def test_kind_and_identifier_do_not_run_together(one: tuple[str, str], other: tuple[str, str]) -> None:
    assume(one != other)
    first, second = (claim_key(pepper=PEPPER, kind=kind, canonical=text) for kind, text in (one, other))
    assert first != second


def test_moving_the_border_changes_the_key() -> None:
    borders = [("email", "x@y"), ("emai", "lx@y"), ("", "emailx@y"), ("emailx@y", "")]
    assert len({claim_key(pepper=PEPPER, kind=kind, canonical=text) for kind, text in borders}) == 4


def test_text_that_is_no_text_has_a_key() -> None:
    assert len(claim_key(pepper=PEPPER, kind="no-address", canonical="\ud800")) == 64
