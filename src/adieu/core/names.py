"""What a name of a thing may look like (Rule O4)."""

import unicodedata

from adieu.core.characters import has_unseen

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
    # All spaces look alike, so they are one.
    spaced = "".join(" " if unicodedata.category(character) == "Zs" else character for character in name)
    cleaned = unicodedata.normalize("NFC", spaced).strip()
    # A combining mark alone is no name.
    is_readable = any(unicodedata.category(character)[0] in "LNPS" for character in cleaned)
    if not 1 <= len(cleaned) <= longest or has_unseen(cleaned) or not is_readable:
        raise NameNotAllowed
    return cleaned
