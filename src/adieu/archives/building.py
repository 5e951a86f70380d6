"""Building the archives that are due. Any number of workers may; see Note [One store for archives]."""

import errno
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from adieu.accounts.queries import known
from adieu.archives.zipping import Parts, write_archive
from adieu.core.archiving import Table
from adieu.core.keeping import LeaseLost
from adieu.deletion.keepers import all_keepers
from adieu.deletion.queue import wait_before
from adieu.kit import logs
from adieu.kit.crashing import crash_point
from adieu.vault import archives
from adieu.vault.archives import Held
from adieu.vault.models import ArchiveProblem

SQLSTATE_DISK_FULL = "53100"


class ToldToEnd(Exception):
    """The worker was told to end in the middle of an archive."""


@dataclass(frozen=True)
class Worker:
    """What a worker brings along: the time, chance, and whether it may go on."""

    now: Callable[[], datetime]
    random: Callable[[], float]
    may_go_on: Callable[[], bool]


def build_due(
    *,
    now: Callable[[], datetime],
    random: Callable[[], float],
    may_go_on: Callable[[], bool] = lambda: True,
) -> int:
    """Build every archive that is due, until none is; tell how many were built.

    Args:
        now: Tells the time; asked again for each part.
        random: Gives a float in [0, 1) for the jitter of retries.
        may_go_on: Is asked before each part; a worker that is told to end gives back what it has in hand.
    """
    worker = Worker(now, random, may_go_on)
    built = 0
    # A look costs no write lock, which an empty claim would take on SQLite at every tick.
    while may_go_on() and is_any_due(now=now()) and (held := archives.claim(now=now())):
        crash_point("archive.claimed")
        built += _build(held, worker)
    return built


def is_any_due(*, now: datetime) -> bool:
    """Tell whether there is anything to build."""
    return archives.due(now).exists()


def tables_of(held: Held) -> list[Table]:
    """Ask every keeper for what it keeps of the person."""
    return [table for keeper in all_keepers() for table in keeper.export(account_id=held.account_id)]


def _build(held: Held, worker: Worker) -> bool:
    try:
        _write(held, worker)
    except LeaseLost:
        logs.record("archive.lease_lost", archive=held.id)
    except ToldToEnd:
        archives.give_back(held, now=worker.now())
    except Exception as error:  # noqa: BLE001 - whatever it meets, it is tried again, and then the person is told
        logs.record("archive.failed", level=logging.ERROR, exception=error, archive=held.id)
        wait = wait_before(attempts=held.failures + 1, random=worker.random())
        archives.fail(held, problem_of(error), now=worker.now(), wait=wait)
    else:
        return True
    return False


def _write(held: Held, worker: Worker) -> None:
    if held.failures >= archives.MOST_FAILURES:
        raise WorkerVanished
    # A vault that was brought back from a copy may still know somebody who is gone.
    if not known([held.account_id]):
        archives.erase(account_id=held.account_id)
        raise LeaseLost
    tables = tables_of(held)

    def note_done(done: int) -> None:
        archives.note_progress(held, done=done, total=len(tables), now=worker.now())
        crash_point("archive.table_begun")

    def keep(number: int, content: bytes) -> None:
        if not worker.may_go_on():
            raise ToldToEnd
        archives.add_part(held, number=number, content=content, now=worker.now())

    write_archive(tables, Parts(keep), moment=worker.now(), note_done=note_done)
    note_done(len(tables))
    archives.finish(held, now=worker.now())
    crash_point("archive.finished")


class WorkerVanished(Exception):
    """Again and again, the worker that built this archive neither finished nor gave it back."""


def problem_of(error: BaseException) -> ArchiveProblem:
    """Tell what a person may know of an error."""
    is_full = any(_is_disk_full(each) for each in _causes(error))
    return ArchiveProblem.DISK_FULL if is_full else ArchiveProblem.OTHER


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _is_disk_full(error: BaseException) -> bool:
    return (
        getattr(error, "sqlite_errorname", "") == "SQLITE_FULL"
        or getattr(error, "sqlstate", "") == SQLSTATE_DISK_FULL
        or getattr(error, "errno", None) == errno.ENOSPC
    )
