"""What a text of several words may look like."""

import unicodedata

UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


class TextNotAllowed(ValueError):
    """A text has no control or invisible characters, and is not longer than its field."""

    def __str__(self) -> str:
        return str(self.__doc__)


def clean_text(text: str, *, longest: int) -> str:
    """Give the text in NFC without space around it; it may be empty.

    Raises:
        TextNotAllowed: it is too long, or has characters that cannot be seen.
    """
    if len(text) > 4 * longest:
        raise TextNotAllowed
    cleaned = unicodedata.normalize("NFC", text).strip()
    bare = cleaned.replace("\n", "").replace("\r", "").replace("\t", "")
    if len(cleaned) > longest or any(unicodedata.category(character) in UNSEEN for character in bare):
        raise TextNotAllowed
    return cleaned
