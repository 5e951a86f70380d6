"""What the fields of a person may hold."""

import unicodedata
from typing import Final

from adieu.kit.errors import Fact
from adieu.vault.countries import COUNTRIES

LONGEST_NAME: Final = 100
LONGEST_COMMENT: Final = 1000

_LINE_BREAKS: Final = {"\r\n": "\n", "\r": "\n"}


class TooLong(Fact):
    """This text is too long."""


class UnusableCharacter(Fact):
    """This text holds a control character or one that changes the direction of writing."""


class UnknownCountry(Fact):
    """This is not a country code of ISO 3166."""


def name_field(text: str) -> str:
    """Give a name or company as it is kept: one line, without white space around it.

    Raises:
        TooLong: more than 100 characters.
        UnusableCharacter: a control character, NUL or a bidi override.
    """
    _check_length(text, LONGEST_NAME)
    stripped = unicodedata.normalize("NFC", text).strip()
    _check_length(stripped, LONGEST_NAME)
    _check_characters(stripped, allowed="")
    return stripped


def comment_field(text: str) -> str:
    """Give a comment as it is kept: several lines, without white space around it.

    Raises:
        TooLong: more than 1000 characters.
        UnusableCharacter: a control character other than a line break or tab, or a bidi override.
    """
    # A browser sends a line break as two characters, and counts it as one.
    _check_length(text, 2 * LONGEST_COMMENT)
    for line_break, kept in _LINE_BREAKS.items():
        text = text.replace(line_break, kept)
    stripped = unicodedata.normalize("NFC", text).strip()
    _check_length(stripped, LONGEST_COMMENT)
    _check_characters(stripped, allowed="\n\t")
    return stripped


def country_field(code: str) -> str:
    """Give a country code as it is kept: empty, or two capital letters of ISO 3166-1.

    Raises:
        UnknownCountry: there is no such code.
    """
    if code and code not in COUNTRIES:
        raise UnknownCountry
    return code


def _check_length(text: str, longest: int) -> None:
    if len(text) > longest:
        raise TooLong


def _check_characters(text: str, *, allowed: str) -> None:
    if any(_is_unusable(character) for character in text if character not in allowed):
        raise UnusableCharacter


def _is_unusable(character: str) -> bool:
    """Tell whether a character is a control, a lone surrogate, a line separator or turns the text around.

    Joiners and direction marks stay usable: names in Persian, Hebrew or Hindi need them.
    """
    if unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}:
        return True
    return unicodedata.bidirectional(character) in {
        "LRE",
        "RLE",
        "LRO",
        "RLO",
        "PDF",
        "LRI",
        "RLI",
        "FSI",
        "PDI",
    }
