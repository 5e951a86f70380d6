"""What a main database knows of itself, read as plain rows."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from adieu.kit.errors import UnableToStart
from adieu.ops.packing import Remembered

MIGRATIONS = "SELECT app, max(name) FROM django_migrations GROUP BY app"
# A request in a backup may have the fence of a confirmation that went on after it. Kept, it would say that
# it was cut off, and whoever left would be back (Note [Intents]).
FORGET_FENCES = """
    UPDATE deletion_deletionrequest SET intent_fence = NULL, intended_at = NULL WHERE confirmed_at IS NULL
"""
MARK = "SELECT installation_id, number, chain FROM ledger_mark"
PEPPERS = "SELECT version, mark FROM identities_pepperversion"


class NoLedgerYet(UnableToStart):
    """This database has seen no ledger yet, so a backup of it would belong to nobody; run `adieu migrate`."""


def remembered(read: Callable[[str], Sequence[tuple[Any, ...]]]) -> Remembered:
    """Ask a database for it.

    Args:
        read: Gives the rows of a statement.

    Raises:
        NoLedgerYet: there is no mark.
    """
    marks = read(MARK)
    if not marks:
        raise NoLedgerYet
    ((installation, number, chain),) = marks
    return Remembered(
        migrations=dict(read(MIGRATIONS)),
        installation_id=str(UUID(str(installation))),
        ledger_number=int(number),
        ledger_chain=str(chain),
        peppers=dict(read(PEPPERS)),
    )
