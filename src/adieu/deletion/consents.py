"""The texts a person ticks before the account goes; a changed text gets a new id (Rule D5)."""

from collections.abc import Iterable

from adieu.kit.errors import Fact

TEXTS = {
    "gone-for-good.1": "My account and everything listed as going is destroyed. Nobody can bring it back.",
    "no-return.1": "My e-mail address can never be used for an account here again.",
    "what-stays.1": "I have read what stays, why, and how long.",
}


class ConsentMissing(Fact):
    """Every box has to be ticked before the account can go."""

    def __init__(self, missing: Iterable[str]) -> None:
        """Remember the ids of the texts that were not ticked."""
        super().__init__()
        self.missing = tuple(missing)


def check_consents(ticked: Iterable[str]) -> None:
    """Make sure that every text was ticked.

    Raises:
        ConsentMissing: at least one was not, or another version of it was.
    """
    given = frozenset(ticked)
    missing = [text_id for text_id in TEXTS if text_id not in given]
    if missing:
        raise ConsentMissing(missing)
