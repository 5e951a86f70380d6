"""A pass says what was signed, and nothing that was changed is one."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adieu.core.passes import PREFIX, NotAPass, Pass, is_like_a_pass, read, sign

KEY = b"k" * 32
MADE = Pass(UUID(int=1), UUID(int=2), datetime(2030, 3, 4, 9, 30, 5, 250_000, tzinfo=UTC))


def test_it_says_what_was_signed() -> None:
    token = sign(MADE, key=KEY)
    assert read(token, key=KEY) == MADE
    assert is_like_a_pass(token)
    assert not is_like_a_pass("adieu_" + "a" * 43)


def test_another_key_did_not_sign_it() -> None:
    with pytest.raises(NotAPass):
        read(sign(MADE, key=b"x" * 32), key=KEY)


@given(st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_no_byte_of_it_can_be_another(at: int, by: int) -> None:
    token = sign(MADE, key=KEY).removeprefix(PREFIX)
    at %= len(token)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    other = letters[(letters.index(token[at]) + by) % len(letters)]
    if other != token[at]:
        with pytest.raises(NotAPass):
            read(PREFIX + token[:at] + other + token[at + 1 :], key=KEY)


@pytest.mark.parametrize("wrong", ["", "a", "ä", "=" * 96, "A" * 96, "A" * 95, "A" * 100, "\ud800"])
def test_what_is_no_token_is_no_pass(wrong: str) -> None:
    with pytest.raises(NotAPass):
        read(PREFIX + wrong, key=KEY)


def test_all_that_it_says_is_signed() -> None:
    others = [
        replace(MADE, account_id=UUID(int=3)),
        replace(MADE, cluster_id=UUID(int=3)),
        replace(MADE, until=datetime(2031, 1, 1, tzinfo=UTC)),
    ]
    tokens = {sign(each, key=KEY) for each in [MADE, *others]}
    assert len({token[-43:] for token in tokens}) == 4
