"""Asking for the archive of one's data, and getting it (GDPR, Articles 15 and 20)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from adieu.accounts.addresses import AccountGone
from adieu.accounts.erasing import hold_account
from adieu.archives.mails import owe_asked
from adieu.kit import limits
from adieu.kit.crashing import crash_point
from adieu.kit.errors import Fact
from adieu.kit.transactions import transaction
from adieu.vault import archives
from adieu.vault.models import Archive, ArchiveProblem, ArchiveState

FILE_NAME = "adieu-data.zip"
MEDIA_TYPE = "application/zip"
MOST_ASKS = 5
ASKS_PER = timedelta(days=1)


class ArchiveNotFound(Fact):
    """There is no archive of your data. Ask for one, or for a new one: each lives for 1 hour."""


class ArchiveNotReady(Fact):
    """The archive of your data is not ready yet."""


@dataclass(frozen=True)
class Progress:
    """How far an account's archive is."""

    id: UUID
    state: ArchiveState
    asked_at: datetime
    tables_done: int
    tables_total: int
    size: int
    ready_at: datetime | None
    expires_at: datetime | None
    problem: ArchiveProblem | None

    @property
    def is_under_way(self) -> bool:
        """Whether it waits for a worker or is being built."""
        return self.state in archives.UNDER_WAY


def ask(*, account_id: UUID, now: datetime) -> Progress:
    """Ask for an archive in place of an earlier one, which is erased; one under way is not begun anew.

    The person is told by mail.

    Raises:
        LimitReached: it was asked for too often.
        AccountGone: the account is on its way out.
    """
    there = progress(account_id=account_id, now=now)
    if there is None or not there.is_under_way:
        limits.take(key=f"archive {account_id}", limit=MOST_ASKS, per=ASKS_PER, now=now)
        # First the mail: a kill in between leaves no archive that nobody was told of.
        _tell(account_id, now)
        crash_point("archive.told")
        _begin(account_id, now)
        crash_point("archive.asked")
    # A deletion may have come in between.
    if (begun := progress(account_id=account_id, now=now)) is None:
        raise AccountGone
    return begun


@transaction
def _tell(account_id: UUID, now: datetime) -> None:
    if not hold_account(account_id=account_id):
        raise AccountGone
    owe_asked(account_id=account_id, now=now)


@transaction
def _begin(account_id: UUID, now: datetime) -> None:
    # While the account is held it cannot go: a deletion that comes next finds the archive and erases it.
    if not hold_account(account_id=account_id):
        raise AccountGone
    archives.put(account_id=account_id, now=now)


def progress(*, account_id: UUID, now: datetime) -> Progress | None:
    """Tell how far an account's archive is; None when there is none, or none any more."""
    row = archives.find(account_id=account_id, now=now)
    return _progress(row) if row else None


def content(*, account_id: UUID, archive_id: UUID, now: datetime) -> tuple[int, Iterator[bytes]]:
    """Give the size of an account's archive, and its file, part by part.

    Raises:
        ArchiveNotFound: it is somebody else's, its hour is over, or a newer one took its place.
        ArchiveNotReady: it is being built.
    """
    found = progress(account_id=account_id, now=now)
    if found is None or found.id != archive_id or found.state == ArchiveState.FAILED:
        raise ArchiveNotFound
    if found.is_under_way:
        raise ArchiveNotReady
    return found.size, archives.parts(archive_id=found.id)


def _progress(row: Archive) -> Progress:
    return Progress(
        id=row.id,
        state=ArchiveState(row.state),
        asked_at=row.asked_at,
        tables_done=row.tables_done,
        tables_total=row.tables_total,
        size=row.size,
        ready_at=row.ready_at,
        expires_at=row.expires_at,
        problem=ArchiveProblem(row.problem) if row.problem else None,
    )
