"""The one copy of the vault that Adieu keeps itself, where `ADIEU_VAULT_COPY` says (Rule P2).

Note [The copy follows each erasure]
The vault counts its compactions, and so does each copy of it. A copy with another count than the vault was
made before an erasure, so it is made anew: by the step that erases, which is not done before, and by the
worker once a minute. There is one copy, in one file, and the new one takes the place of the old.

Archives of people's data stay out of it: they live for an hour, and can be asked for again.
"""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import connections

from adieu.kit.crashing import crash_point
from adieu.kit.errors import Fact
from adieu.kit.sqlite_copies import copy_database, open_file, sync_file
from adieu.vault.router import VAULT

OLDEST = timedelta(hours=24)
# So that the next one is there before this one is too old.
RENEWED_AFTER = timedelta(hours=23)
COUNT = "SELECT paid FROM vault_compaction"


class UnableToCopy(Fact):
    """The copy of the vault cannot be written."""


def renew_after_erasure() -> None:
    """Make the copy anew if something was erased since it was made. See Note [The copy follows].

    Raises:
        UnableToCopy: it cannot be written, so what was erased may still stand in it.
    """
    if settings.VAULT_COPY is not None:
        _renew(settings.VAULT_COPY, now=None)


def renew_when_due(*, now: datetime) -> None:
    """Do the same, and also when the copy grows old.

    Raises:
        UnableToCopy: as above.
    """
    if settings.VAULT_COPY is not None:
        _renew(settings.VAULT_COPY, now=now)


def problems(*, now: datetime) -> Iterator[str]:
    """Say in one line what is wrong with the copy."""
    copy = settings.VAULT_COPY
    if copy is None:
        return
    if not copy.exists():
        yield f"there is no copy of the vault at {copy} yet; the worker makes it"
    elif _age(copy, now) > OLDEST:
        yield f"the copy of the vault at {copy} is older than 24 hours; the worker renews it"


def _renew(copy: Path, *, now: datetime | None) -> None:
    fresh = copy.with_name(f"{copy.name}.new")
    try:
        with _one_at_a_time():
            if _is_current(copy, now):
                return
            copy_database(_vault(), fresh)
            _leave_out_archives(fresh)
            crash_point("vault.copied")
            fresh.replace(copy)
            sync_file(copy.parent)
    except (OSError, sqlite3.Error) as error:
        raise UnableToCopy from error


def _leave_out_archives(copy: Path) -> None:
    with closing(open_file(copy)) as connection:
        if connection.execute("SELECT 1 FROM vault_archive LIMIT 1").fetchone() is None:
            return
        # Nothing that is left out shall stand in a journal, a temporary file or a page that nobody uses.
        connection.execute("PRAGMA journal_mode=OFF")
        connection.execute("PRAGMA temp_store=MEMORY")
        connection.execute("PRAGMA secure_delete=ON")
        for table in ("vault_archivepart", "vault_archive"):
            connection.execute(f"DELETE FROM {table}")  # noqa: S608 - constants
        connection.execute("VACUUM")
    sync_file(copy)


def _is_current(copy: Path, now: datetime | None) -> bool:
    if not copy.exists() or (now is not None and _age(copy, now) > RENEWED_AFTER):
        return False
    try:
        return _count(copy) == _count(_vault())
    except sqlite3.Error:
        return False


def _count(database: Path) -> list[tuple[int]]:
    with closing(open_file(database)) as connection:
        return connection.execute(COUNT).fetchall()


def _age(copy: Path, now: datetime) -> timedelta:
    return now - datetime.fromtimestamp(copy.stat().st_mtime, tz=UTC)


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Let one worker write at a time; the lock goes with its holder."""
    folder = os.open(_vault().parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _vault() -> Path:
    return Path(connections[VAULT].settings_dict["NAME"])
