"""What a text of several words may look like."""

import unicodedata

from adieu.core.characters import has_unseen


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
    # A browser sends a line break as two characters, and counts it as one.
    cleaned = unicodedata.normalize("NFC", text.replace("\r\n", "\n")).strip()
    if len(cleaned) > longest or has_unseen(cleaned, allowed="\n\r\t"):
        raise TextNotAllowed
    return cleaned
