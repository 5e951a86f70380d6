"""`adieu restore`: an old main database put back, and made true by the ledger before anybody is served."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, connections
from django.db.migrations.loader import MigrationLoader

from adieu.identities.peppers import require_known
from adieu.kit.crashing import crash_point
from adieu.kit.errors import UnableToStart
from adieu.ledger.models import Mark
from adieu.ledger.opening import LedgerOfAnother, LedgerTooShort, check_against
from adieu.ledger.places import installed_ledger
from adieu.ops import ledgers, peppers, preparing, presence, vaults
from adieu.ops.backups import KINDS
from adieu.ops.packing import Manifest, read_manifest, unpack

WORK_FOLDER = ".restoring"


class Unfit(UnableToStart):
    """This backup cannot be restored here."""


def restore(source: Path) -> Iterator[str]:
    """Put a backup in the place of the main database, migrate, take in what the ledger says; tell each.

    A restore that is killed is begun again; each time there is the old database or the restored one, whole.

    Raises:
        UnableToStart: it is no backup, does not belong here, or Adieu is running; nothing was changed.
        PepperMissing: the ledger tells of somebody who left under a pepper that is not here. The old database
            is in place then, and nothing starts on it before the restore was repeated with that pepper.
    """
    manifest = read_manifest(source)
    _refuse_unknown(manifest, source)
    with presence.alone(), _work_folder() as folder:
        _refuse_misfit(manifest, source)
        data = folder / "data"
        unpack(source, manifest, data)
        kind = KINDS[manifest.kind]
        kind.refuse_unfit(data, source, manifest.remembered)
        crash_point("restore.unpacked")
        kind.put_back(data)
        yield f"The main database is as it was at {manifest.made_at} (Adieu {manifest.adieu})."
        preparing.migrate()
        yield from _take_in_ledger()
        # After the ledger, whose lines speak of keys as they were (Note [Rotating the pepper]).
        yield from peppers.bring_on()
    yield "Start Adieu; its worker erases what is left to erase."


def _take_in_ledger() -> Iterator[str]:
    replayed = preparing.open_ledger()
    yield f"Changes since then that the ledger told of, made again: {replayed}."
    findings = ledgers.findings()
    connections.close_all()
    yield from (f"WAITS   {finding}" for finding in findings)


def _refuse_unknown(manifest: Manifest, source: Path) -> None:
    """Refuse what this version cannot read, or is for the other kind of database."""
    here = connections["default"].vendor
    if manifest.kind != here:
        named = KINDS[manifest.kind].WORDS if manifest.kind in KINDS else "a database of another kind"
        raise Unfit(f"{source} is of {named}, and the main database here is {KINDS[here].WORDS}.")
    known = MigrationLoader(None).disk_migrations
    for app, name in manifest.migrations.items():
        if (app, name) not in known:
            raise Unfit(
                f"{source} was made by a newer Adieu ({manifest.adieu}): this version does not know the"
                f" migration {name} of {app}."
            )


def _refuse_misfit(manifest: Manifest, source: Path) -> None:
    """Refuse what does not fit the ledger and the vault that are here."""
    try:
        vaults.refuse_unfit_for_restore()
    except DatabaseError as error:
        raise preparing.unusable("vault", error) from None
    require_known(manifest.peppers, peppers=settings.PEPPERS)
    mark = Mark(
        installation_id=_id_in(manifest, source),
        number=manifest.ledger_number,
        chain=manifest.ledger_chain,
    )
    try:
        check_against(mark, store=installed_ledger())
    except LedgerOfAnother:
        raise Unfit(f"{source} is of another installation, or ADIEU_LEDGER names another's ledger.") from None
    except LedgerTooShort:
        raise Unfit(f"The ledger is older than {source}: put its newest copy back first.") from None
    connections.close_all()


def _id_in(manifest: Manifest, source: Path) -> UUID:
    try:
        return UUID(manifest.installation_id)
    except ValueError:
        raise Unfit(f"{source} does not say which installation it is of.") from None


@contextmanager
def _work_folder() -> Iterator[Path]:
    """Give an empty folder beside the database; what a restore that was killed has left there goes."""
    folder: Path = settings.ADIEU.data_dir / WORK_FOLDER
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
