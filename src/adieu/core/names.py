"""What a name of a thing may look like (Rule O4)."""

import unicodedata

# Control, format (bidi, zero-width), surrogate, private use, unassigned, line and paragraph separators.
FORBIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
LONGEST_NAME = 64


class NameNotAllowed(ValueError):
    """A name has 1 to 64 characters and no control or invisible characters."""

    def __str__(self) -> str:
        return str(self.__doc__)


def clean_name(name: str, *, longest: int = LONGEST_NAME) -> str:
    """Give the name in NFC without space around it.

    Args:
        name: What somebody typed.
        longest: The most characters it may have.

    Raises:
        NameNotAllowed: it is empty, too long, or has characters that cannot be seen.
    """
    if len(name) > 4 * longest:
        raise NameNotAllowed
    cleaned = unicodedata.normalize("NFC", name).strip()
    if not 1 <= len(cleaned) <= longest:
        raise NameNotAllowed
    if any(unicodedata.category(character) in FORBIDDEN_CATEGORIES for character in cleaned):
        raise NameNotAllowed
    return cleaned
