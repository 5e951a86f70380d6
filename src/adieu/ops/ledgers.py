"""The ledger at the start and afterwards: open it, take in what it says, settle what it leaves open."""

from argparse import Namespace
from collections.abc import Callable, Iterator
from datetime import datetime

from django.utils import timezone

from adieu.accounts.addresses import KIND
from adieu.core.canonical import NotAnAddress
from adieu.deletion import intents, unsettled
from adieu.identities.queries import holders_of
from adieu.kit import logs
from adieu.kit.errors import UnableToStart
from adieu.ledger.entries import Entry, LedgerDamaged
from adieu.ledger.opening import check_ledger, open_ledger
from adieu.ledger.owing import append_owed
from adieu.ledger.places import installed_ledger
from adieu.ledger.replaying import take_in
from adieu.ledger.stores import UnableToAppend, UnableToRead
from adieu.tenancy.ownership import MemberNotFound
from adieu.tenancy.permissions import OrganizationNotFound
from adieu.tenancy.replaying import give as give_organization
from adieu.tenancy.replaying import locked_organizations


def open_and_catch_up() -> int:
    """Make sure of the ledger, and that nothing is served before all of it is true here (Rules L1, L2).

    Tells how many changes were made again.

    Raises:
        UnableToStart: the ledger is missing, too short, another's, damaged, or cannot be used.
    """
    now = timezone.now()
    open_ledger(store=installed_ledger(), now=now)
    try:
        return catch_up(now=now, is_start=True)
    except (UnableToAppend, UnableToRead, LedgerDamaged) as error:
        raise UnableToStart(f"{error} Look at ADIEU_LEDGER.") from error


def catch_up(*, now: datetime, is_start: bool = False) -> int:
    """Tell the ledger what it is owed, take in what it says, settle what it leaves open.

    Tells how many changes were made again.

    Args:
        now: The present.
        is_start: Whether nothing is served yet; otherwise a confirmation that is going on is left alone.

    Raises:
        UnableToAppend, UnableToRead, LedgerDamaged: the ledger cannot be used; nothing is lost.
    """
    store = installed_ledger()
    append_owed(store=store, now=now)
    taken = take_in(store=store, now=now)
    if taken.replayed:
        logs.record("ledger.replayed", changes=taken.replayed)
    cut_off = [entry for entry in taken.open_intents if is_start or _is_old(entry, now)]
    for entry in cut_off:
        intents.settle(intents.read_intent(entry.body), number=entry.number, now=now)
    if cut_off:
        append_owed(store=store, now=now)
        take_in(store=store, now=now)
    return taken.replayed


def _is_old(entry: Entry, now: datetime) -> bool:
    return entry.recorded_at <= now - intents.INTENT_LIVES


def verify(chosen: Namespace) -> Iterator[str]:
    """Read the whole ledger, and say what it holds and what waits for the operator.

    Raises:
        UnableToStart: it is not what the database remembers.
    """
    check_ledger(store=installed_ledger())
    lines = installed_ledger().head().number
    yield f"The ledger is whole, {lines} {'line' if lines == 1 else 'lines'}, and this database fits it."
    yield from findings()


def replay(chosen: Namespace) -> Iterator[str]:
    """Take in what the ledger says."""
    open_and_catch_up()
    yield "All that the ledger says is true here."
    yield from findings()


def settle(chosen: Namespace) -> Iterator[str]:
    """Say of a deletion that a restore left open whether it had happened.

    Raises:
        NothingUnsettled: there is no such deletion.
    """
    open_and_catch_up()
    now = timezone.now()
    unsettled.settle(deletion_id=chosen.id, was_erased=chosen.was_erased, now=now)
    append_owed(store=installed_ledger(), now=now)
    yield "The account is erased once more." if chosen.was_erased else "The account is unlocked."


def give(chosen: Namespace) -> Iterator[str]:
    """Name an owner of an organization that a restore left without one.

    Raises:
        OrganizationNotFound, MemberNotFound: there is nothing to give, or nobody to give it to.
    """
    open_and_catch_up()
    now = timezone.now()
    holders = holders_of(kind=KIND, identifiers=[chosen.to])
    if chosen.to not in holders:
        raise MemberNotFound
    give_organization(organization_id=chosen.id, account_id=holders[chosen.to], now=now)
    append_owed(store=installed_ledger(), now=now)
    yield "The organization has an owner."


def problems() -> Iterator[str]:
    """Name what would stop the start."""
    try:
        check_ledger(store=installed_ledger())
    except UnableToStart as problem:
        yield str(problem).removesuffix(".")


def findings() -> list[str]:
    """Name what waits for the operator after a restore."""
    open_ones = [
        f"deletion {deletion_id} is open since a restore, and account {account_id} is locked"
        " (adieu ledger settle)"
        for deletion_id, account_id in unsettled.unsettled_deletions()
    ]
    ownerless = [
        f"organization {organization_id} has no owner since a restore (adieu ledger give)"
        for organization_id, _, _ in locked_organizations()
    ]
    return [*open_ones, *ownerless]


REFUSALS = (unsettled.NothingUnsettled, OrganizationNotFound, MemberNotFound, NotAnAddress)
ACTS: dict[str, Callable[[Namespace], Iterator[str]]] = {
    "verify": verify,
    "replay": replay,
    "settle": settle,
    "give": give,
}
