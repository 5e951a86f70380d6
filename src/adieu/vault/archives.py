"""The archives of people's data: one table says how far each is, another holds its file in parts.

Note [One store for archives]
An archive is the person once more, so its bytes stand in the vault (Rule P1), and with them the row that says
how far it is. So one transaction fences each part: a worker writes it only while the row is there and has the
epoch that the worker was given, and erasing the row takes the parts along. Whoever comes late, after another
worker or after the deletion of the account, finds no such row and writes nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import connections
from django.db.models import F, Q, QuerySet

from adieu.core.keeping import LeaseLost
from adieu.kit.crashing import crash_point
from adieu.kit.errors import Fact
from adieu.kit.transactions import transaction
from adieu.vault.debts import owe_compaction
from adieu.vault.models import Archive, ArchivePart, ArchiveProblem, ArchiveState
from adieu.vault.router import VAULT

LIVES = timedelta(hours=1)
# So that the page can say what happened; nothing of the person is in it.
FAILED_LIVES = timedelta(days=1)
LEASE = timedelta(seconds=60)
MOST_FAILURES = 5
UNDER_WAY = {ArchiveState.WAITING, ArchiveState.BUILDING}


class ArchiveGone(Fact):
    """This archive is not there any more."""


@dataclass(frozen=True)
class Held:
    """An archive that this worker may build, and the epoch that proves it."""

    id: UUID
    account_id: UUID
    epoch: int
    failures: int


@transaction(using=VAULT)
def put(*, account_id: UUID, now: datetime) -> None:
    """Begin an archive in place of an earlier one, unless one is under way.

    The caller keeps the account from going meanwhile, and with that others from asking.
    """
    if Archive.objects.filter(account_id=account_id, state__in=UNDER_WAY).exists():
        return
    _erase(Archive.objects.filter(account_id=account_id))
    Archive.objects.create(id=uuid4(), account_id=account_id, asked_at=now, next_attempt_at=now)


def find(*, account_id: UUID, now: datetime) -> Archive | None:
    """Give an account's archive, unless its time is over."""
    is_over = Q(expires_at__lte=now)
    return Archive.objects.filter(account_id=account_id).exclude(is_over).first()


def due(now: datetime) -> QuerySet[Archive]:
    """Give the archives that a worker may claim."""
    is_waiting = Q(state=ArchiveState.WAITING, next_attempt_at__lte=now)
    is_abandoned = Q(state=ArchiveState.BUILDING, leased_until_at__lte=now)
    return Archive.objects.filter(is_waiting | is_abandoned)


@transaction(using=VAULT)
def claim(*, now: datetime) -> Held | None:
    """Claim one archive that is due, and erase what an earlier try left of it; None when there is none."""
    row = _lock_first(due(now).order_by("next_attempt_at"))
    if row is None:
        return None
    # One that ends its worker each time must not do so for ever.
    failures = row.failures + (row.state == ArchiveState.BUILDING)
    held = Held(row.id, row.account_id, row.epoch + 1, failures)
    _empty(row)
    Archive.objects.filter(id=row.id).update(
        state=ArchiveState.BUILDING, epoch=held.epoch, failures=failures, leased_until_at=now + LEASE
    )
    return held


def _lock_first(rows: QuerySet[Archive]) -> Archive | None:
    if connections[VAULT].features.has_select_for_update_skip_locked:
        rows = rows.select_for_update(skip_locked=True)
    return rows.first()


def note_progress(held: Held, *, done: int, total: int, now: datetime) -> None:
    """Note how many tables are written, of how many.

    Raises:
        LeaseLost: another worker builds it, or it is gone.
    """
    _change(held, tables_done=done, tables_total=total, leased_until_at=now + LEASE)


@transaction(using=VAULT)
def add_part(held: Held, *, number: int, content: bytes, now: datetime) -> None:
    """Write the next part of the file (Note [One store for archives]).

    Raises:
        LeaseLost: another worker builds it, or it is gone.
    """
    _change(held, part_count=number + 1, size=F("size") + len(content), leased_until_at=now + LEASE)
    ArchivePart.objects.create(archive_id=held.id, number=number, content=content)
    crash_point("archive.part_written")


def finish(held: Held, *, now: datetime) -> None:
    """Let the person have it, for an hour.

    Raises:
        LeaseLost: another worker builds it, or it is gone.
    """
    _change(held, state=ArchiveState.READY, leased_until_at=None, ready_at=now, expires_at=now + LIVES)


def give_back(held: Held, *, now: datetime) -> None:
    """Let another worker have it at once; it counts as no failure.

    Raises:
        LeaseLost: another worker builds it, or it is gone.
    """
    _change(held, state=ArchiveState.WAITING, leased_until_at=None, next_attempt_at=now)


@transaction(using=VAULT)
def fail(held: Held, problem: ArchiveProblem, *, now: datetime, wait: timedelta) -> None:
    """Erase what was written, and let it be tried again; after too many failures the person is told.

    Raises:
        LeaseLost: another worker builds it, or it is gone.
    """
    failures = held.failures + 1
    changes: dict[str, Any] = {"state": ArchiveState.WAITING, "next_attempt_at": now + wait}
    if failures >= MOST_FAILURES:
        changes = {"state": ArchiveState.FAILED, "failed_at": now, "problem": problem}
    _change(held, failures=failures, leased_until_at=None, **changes)
    for row in Archive.objects.filter(id=held.id):
        _empty(row)


def parts(*, archive_id: UUID) -> Iterator[bytes]:
    """Give the file of an archive that is ready, part by part.

    Raises:
        ArchiveGone: it was erased meanwhile.
    """
    row = Archive.objects.filter(id=archive_id, state=ArchiveState.READY).first()
    if row is None:
        raise ArchiveGone
    for number in range(row.part_count):
        found = ArchivePart.objects.filter(archive_id=archive_id, number=number)
        content = found.values_list("content", flat=True).first()
        if content is None:
            raise ArchiveGone
        yield bytes(content)


@transaction(using=VAULT)
def erase(*, account_id: UUID) -> None:
    """Erase an account's archive; no byte of it is left once checkpoint() has returned (Rule P3)."""
    _erase(Archive.objects.filter(account_id=account_id))


@transaction(using=VAULT)
def sweep(*, now: datetime) -> int:
    """Erase archives whose hour is over and what is left of those that failed; tell how many there were."""
    is_over = Q(expires_at__lte=now) | Q(failed_at__lte=now - FAILED_LIVES)
    return _erase(Archive.objects.filter(is_over))


def _erase(rows: QuerySet[Archive]) -> int:
    ids = list(rows.values_list("id", flat=True))
    if ids:
        # The parts go by their foreign key.
        Archive.objects.filter(id__in=ids).delete()
        crash_point("archive.erased")
        owe_compaction()
    return len(ids)


def _empty(row: Archive) -> None:
    if row.parts.all().delete()[0]:
        owe_compaction()
    Archive.objects.filter(id=row.id).update(part_count=0, size=0, tables_done=0, tables_total=0)


def _change(held: Held, **changes: Any) -> None:
    mine = Archive.objects.filter(id=held.id, epoch=held.epoch, state=ArchiveState.BUILDING)
    if not mine.update(**changes):
        raise LeaseLost
