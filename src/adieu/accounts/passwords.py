"""Which passwords are taken (Rule A2)."""

import unicodedata
from difflib import SequenceMatcher
from itertools import chain

from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError

SHORTEST = 12
LONGEST = 128
# Parts of an address that are shorter than this are in many good passwords by chance.
SHORTEST_PART = 4
TOO_LIKE = 0.7


class LengthValidator:
    """Takes 12 to 128 characters; the upper end keeps hashing cheap."""

    def validate(self, password: str, user: AbstractBaseUser | None = None) -> None:
        if len(password) < SHORTEST:
            raise ValidationError(f"That is shorter than {SHORTEST} characters.", code="password_too_short")
        if len(password) > LONGEST:
            raise ValidationError(f"That is longer than {LONGEST} characters.", code="password_too_long")

    def get_help_text(self) -> str:
        return f"{SHORTEST} to {LONGEST} characters. Any characters will do; a few words make a good one."


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
