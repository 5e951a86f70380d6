"""The first look at a ledger: is it ours, and is it whole? Nothing is served before (Rule L1)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from adieu.kit.errors import UnableToStart
from adieu.kit.transactions import transaction
from adieu.ledger.entries import Entry, Head, Kind, LedgerDamaged
from adieu.ledger.files import FileStore
from adieu.ledger.models import Change, Mark
from adieu.ledger.stores import UnableToAppend, UnableToRead
from adieu.ledger.tables import TableStore

WHAT_TO_DO = "Put the ledger back from where you keep a copy of it, or name the right one in ADIEU_LEDGER."


class LedgerMissing(UnableToStart):
    """The ledger is missing, and this database remembers one."""


class LedgerTooShort(UnableToStart):
    """The ledger is shorter than this database remembers."""


class LedgerOfAnother(UnableToStart):
    """The ledger belongs to another installation."""


class LedgerUnusable(UnableToStart):
    """The ledger cannot be used."""


@dataclass(frozen=True)
class Told:
    """A line that this database has written: where it stands, and about which change."""

    number: int
    change_id: UUID


def open_ledger(*, store: FileStore | TableStore, now: datetime) -> None:
    """Make the ledger at the very first start; afterwards refuse one that is not what the database remembers.

    Raises:
        LedgerMissing, LedgerTooShort, LedgerOfAnother: it is not the one that it was.
        LedgerOpenToOthers: its file's mode lets others read it.
        LedgerUnusable: it cannot be read or written, or a line of it was changed.
    """
    if Mark.objects.exists():
        check_ledger(store=store)
        return
    try:
        _begin(store, now=now)
    except (UnableToAppend, UnableToRead, LedgerDamaged) as error:
        raise LedgerUnusable(f"{error} {WHAT_TO_DO}") from error


def check_ledger(*, store: FileStore | TableStore) -> None:
    """Hold a ledger against what the database remembers; a database that remembers none finds nothing wrong.

    Raises:
        LedgerMissing, LedgerTooShort, LedgerOfAnother, LedgerOpenToOthers, LedgerUnusable: as `open_ledger`.
    """
    mark = Mark.objects.first()
    if mark is not None:
        check_against(mark, store=store, last_told=_last_told())


def check_against(mark: Mark, *, store: FileStore | TableStore, last_told: Told | None = None) -> None:
    """Hold a ledger against what a database remembers, this one or one in a backup.

    Args:
        mark: How far it has read.
        store: The ledger.
        last_told: The latest line that it has written itself; it may not have read so far yet.

    Raises:
        LedgerMissing, LedgerTooShort, LedgerOfAnother, LedgerOpenToOthers, LedgerUnusable: as `open_ledger`.
    """
    try:
        if not store.exists():
            raise LedgerMissing(f"The ledger is missing, and this database remembers one. {WHAT_TO_DO}")
        _compare(store, mark, last_told)
    except (UnableToRead, LedgerDamaged) as error:
        raise LedgerUnusable(f"{error} {WHAT_TO_DO}") from error


def _begin(store: FileStore | TableStore, *, now: datetime) -> None:
    """Make a ledger, or go on with one whose making was cut off."""
    if not store.exists():
        store.create()
    if store.head() == Head():
        store.append(kind=Kind.OPENED, body={"installation": str(uuid4())}, now=now)
    if store.head().number > 1:
        # A database that knows nothing next to a ledger that does: its people would come back.
        raise LedgerOfAnother(
            f"The ledger has lines, and this database has never seen one: it belongs to another. {WHAT_TO_DO}"
        )
    first = next(iter(store.entries()))
    with transaction():
        Mark.objects.get_or_create(defaults={"installation_id": _installation(first)})


def _compare(store: FileStore | TableStore, mark: Mark, last_told: Told | None) -> None:
    """Read the whole ledger, which checks every line of it, and hold it against what is remembered."""
    store.refuse_if_open_to_others()
    last = 0
    for entry in store.entries():
        if entry.number == 1 and _installation(entry) != mark.installation_id:
            raise LedgerOfAnother(f"The ledger belongs to another installation. {WHAT_TO_DO}")
        if _is_other(entry, mark, last_told):
            raise LedgerOfAnother(f"The ledger has other lines than this database remembers. {WHAT_TO_DO}")
        last = entry.number
    if last < max(mark.number, last_told.number if last_told else 0, 1):
        raise LedgerTooShort(f"The ledger is shorter than this database remembers. {WHAT_TO_DO}")


def _is_other(entry: Entry, mark: Mark, last_told: Told | None) -> bool:
    if entry.number == mark.number and entry.chain != mark.chain:
        return True
    if last_told is None or entry.number != last_told.number:
        return False
    return entry.body.get("change") != str(last_told.change_id)


def _last_told() -> Told | None:
    last = Change.objects.filter(number__isnull=False).order_by("-number").first()
    return Told(last.number, last.change_id) if last and last.number else None


def _installation(first: Entry) -> UUID:
    return UUID(first.body["installation"])
