"""Which ledger this installation has."""

from pathlib import Path

from django.conf import settings

from adieu.ledger.files import FileStore
from adieu.ledger.tables import TableStore


def installed_ledger() -> FileStore | TableStore:
    """Give the ledger that the settings name."""
    place = settings.LEDGER
    return FileStore(place) if isinstance(place, Path) else TableStore(place)
