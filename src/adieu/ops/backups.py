"""`adieu backup`: a copy of the main database, which holds no person in readable form (Rule P2)."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

from django.db import connections

from adieu.kit.crashing import crash_point
from adieu.kit.errors import UnableToStart
from adieu.kit.sqlite_copies import sync_file
from adieu.ops import main_on_postgresql, main_on_sqlite
from adieu.ops.packing import FORMAT, Manifest, digest_of, pack

KINDS: dict[str, ModuleType] = {"sqlite": main_on_sqlite, "postgresql": main_on_postgresql}


class UnableToBackUp(UnableToStart):
    """The backup cannot be written."""


def back_up(target: Path, *, now: datetime) -> None:
    """Write a backup of the main database into a new file; Adieu may run meanwhile.

    The file appears under its name when it is whole and durable, and never in the place of another.

    Raises:
        UnableToBackUp: the file is there already, or cannot be written.
        UnableToStart: the database cannot be copied.
    """
    _refuse_taken(target)
    kind = connections["default"].vendor
    try:
        with _folder_beside(target) as folder:
            data, packed = folder / "data", folder / "packed"
            found = KINDS[kind].dump(data)
            crash_point("backup.dumped")
            manifest = Manifest(
                format=FORMAT,
                made_at=now.isoformat(timespec="seconds"),
                adieu=version("adieu"),
                kind=kind,
                digest=digest_of(data),
                **asdict(found),
            )
            pack(packed, manifest, data)
            _name(packed, target)
    except OSError as error:
        raise UnableToBackUp(f"{target} cannot be written ({error.strerror}).") from None


def _name(packed: Path, target: Path) -> None:
    packed.chmod(0o600)
    sync_file(packed)
    crash_point("backup.packed")
    # A rename would write over a file that came meanwhile.
    try:
        target.hardlink_to(packed)
    except FileExistsError:
        _refuse_taken(target)
    sync_file(target.parent)
    crash_point("backup.named")


def _refuse_taken(target: Path) -> None:
    if target.exists() or target.is_symlink():
        raise UnableToBackUp(f"{target} is there already; a backup writes over nothing.")


@contextmanager
def _folder_beside(target: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".adieu-backup-") as folder:
        yield Path(folder)
