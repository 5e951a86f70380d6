"""What a name of a thing and a text may look like (Rule O4)."""

import pytest

from adieu.core.names import LONGEST_NAME, NameNotAllowed, clean_name
from adieu.core.texts import TextNotAllowed, clean_text


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Night school ", "Night school"),
        ("Cafe\u0301", "Café"),
        ("a" * LONGEST_NAME, "a" * LONGEST_NAME),
        ("Night\u00a0school\u3000", "Night school"),
        ("منظمة الأرشيف", "منظمة الأرشيف"),
        ("I \u2764\ufe0f Milvus", "I \u2764\ufe0f Milvus"),
        ("<b>&amp;", "<b>&amp;"),
    ],
)
def test_names_are_kept_in_one_form(typed: str, kept: str) -> None:
    assert clean_name(typed) == kept
    assert clean_name(kept) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "   ",
        "\u00a0\u2003\u3000",
        "a" * (LONGEST_NAME + 1),
        "a" * 10_000,
        "a\x00b",
        "a\nb",
        "a\x7fb",
        "\ud800",
        "Night\u200bschool",
        "Night school\u202e",
        "Night school\ufe0f",
        "Night school\u034f",
        "\u3164",
        "\u115f\u1160",
        "\uffa0",
        "\u2800\u2800",
        "\U000e0041",
        "Night school\U000e0101",
        "\u0301",
    ],
)
def test_names_that_cannot_be_seen_or_look_like_others_are_refused(typed: str) -> None:
    with pytest.raises(NameNotAllowed):
        clean_name(typed)


def test_a_text_may_be_empty_and_have_several_lines() -> None:
    assert clean_text("", longest=5) == ""
    assert clean_text(" a\r\nb\tc ", longest=5) == "a\nb\tc"
    assert clean_text("a\r\nb\r\nc", longest=5) == "a\nb\nc"


@pytest.mark.parametrize("typed", ["a" * 6, "a" * 10_000, "\x00", "a\u202eb", "\u3164", "\ud800"])
def test_a_text_has_a_length_and_nothing_unseen(typed: str) -> None:
    with pytest.raises(TextNotAllowed):
        clean_text(typed, longest=5)
