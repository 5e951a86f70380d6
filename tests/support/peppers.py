"""An installation whose pepper a test may rotate."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from shutil import copytree

from django.conf import settings
from django.test import override_settings

from adieu.identities import peppers
from adieu.kit import keys
from adieu.ledger.opening import open_ledger
from adieu.ops import vaults
from adieu.ops.main import main
from tests.support.ledgers import place_for_a_ledger


@contextmanager
def installation_to_rotate(folder: Path, now: datetime) -> Iterator[None]:
    """Give a ledger and keys of its own, which begin with pepper 1."""
    vaults.pair()
    copytree(settings.ADIEU.data_dir / keys.FOLDER, folder / "data" / keys.FOLDER)
    own = replace(settings.ADIEU, data_dir=folder / "data")
    with (
        place_for_a_ledger(folder) as store,
        override_settings(ADIEU=own, PEPPERS=dict(settings.PEPPERS)),
    ):
        open_ledger(store=store, now=now)
        peppers.begin(peppers=settings.PEPPERS, now=now)
        yield


def rotate() -> int:
    """Rotate as an operator does, and give the exit code."""
    return main(["keys", "rotate", "pepper"])
