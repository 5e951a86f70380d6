"""Which passwords are taken (Rule A2)."""

import string
import unicodedata
from difflib import SequenceMatcher
from itertools import chain, pairwise

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError

SHORTEST = 12
LONGEST = 128
# Parts of an address that are shorter than this are in many good passwords by chance.
SHORTEST_PART = 4
TOO_LIKE = 0.7
# What people put around a word to make it longer.
PADDING = string.digits + string.punctuation + " "
FEWEST_CHARACTERS = 4


class LengthValidator:
    """Takes 12 to 128 characters; the upper end keeps hashing cheap."""

    def validate(self, password: str, user: AbstractBaseUser | None = None) -> None:
        if len(password) < SHORTEST:
            raise ValidationError(f"That is shorter than {SHORTEST} characters.", code="password_too_short")
        if len(password) > LONGEST:
            raise ValidationError(f"That is longer than {LONGEST} characters.", code="password_too_long")

    def get_help_text(self) -> str:
        return f"{SHORTEST} to {LONGEST} characters. Any characters will do; a few words make a good one."


class CommonValidator(CommonPasswordValidator):
    """Refuses common passwords, and common ones that were only stretched to the length we ask for."""

    def validate(self, password: str, user: AbstractBaseUser | None = None) -> None:
        bare = password.casefold().strip()
        unpadded = bare.strip(PADDING)
        forms = {bare, unpadded, _unit(bare), _unit(unpadded)}
        if forms & self.passwords or len(set(bare)) < FEWEST_CHARACTERS or _counts(bare):
            raise ValidationError("That is among the passwords that are tried first.", code="password_common")

    def get_help_text(self) -> str:
        return ""


def _unit(text: str) -> str:
    """Give what a text repeats: `abcabc` repeats `abc`."""
    return text[: (text + text).find(text, 1)]


def _counts(text: str) -> bool:
    """Tell whether each character follows the one before, as in 12345, 54321 or abcde."""
    steps = {(ord(later) - ord(earlier)) % 10 for earlier, later in pairwise(text)}
    return steps in ({1}, {9})


def refuse_likeness(*, password: str, address: str) -> None:
    """Refuse a password that is like the address: whoever knows one would try the other.

    Raises:
        ValidationError: it is too like.
    """
    folded = _folded(password)
    if any(_is_like(folded, part) for part in _parts(_folded(address))):
        raise ValidationError("That is too much like your address.", code="password_like_address")


def _parts(address: str) -> chain[str]:
    local_part, _, domain = address.partition("@")
    return chain([address, local_part], domain.rsplit(".", 1)[:1])


def _is_like(password: str, part: str) -> bool:
    if len(part) < SHORTEST_PART:
        return False
    # A part that fills most of the password, or a password that is a twisted part.
    if part in password and len(part) >= len(password) * TOO_LIKE:
        return True
    return SequenceMatcher(a=password, b=part).quick_ratio() >= TOO_LIKE


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()
