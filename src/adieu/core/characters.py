"""Characters that nobody sees."""

import unicodedata

# Control, format (bidi, zero-width), surrogate, private use, unassigned, line and paragraph separators.
UNSEEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Letters, marks and symbols that are drawn as nothing: fillers, blanks, joiners and variation selectors
# (Unicode's Default_Ignorable_Code_Point, and the empty Braille cell).
DRAWN_AS_NOTHING = frozenset(
    [
        *"\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0",
        *(chr(code) for code in range(0xFE00, 0xFE10)),
        *(chr(code) for code in range(0xE0100, 0xE01F0)),
    ]
)
EMOJI_SELECTOR = "\ufe0f"


def has_unseen(text: str, *, allowed: str = "") -> bool:
    """Tell whether a text holds a character that nobody sees, so that it may look like another text."""
    before = ["", *text]
    return any(
        _is_unseen(character) and character not in allowed and not _makes_emoji(character, earlier)
        for earlier, character in zip(before, text, strict=False)
    )


def _is_unseen(character: str) -> bool:
    return unicodedata.category(character) in UNSEEN_CATEGORIES or character in DRAWN_AS_NOTHING


def _makes_emoji(character: str, earlier: str) -> bool:
    """Tell whether it is what a keyboard sends after a heart, and not a stray one after a letter."""
    return character == EMOJI_SELECTOR and earlier != "" and unicodedata.category(earlier) in {"So", "Sm"}
