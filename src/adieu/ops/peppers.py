"""`adieu keys rotate pepper`: all that is live under a new pepper, in one transaction (Rule C4).

Note [Rotating the pepper]

A process holds the peppers that it was started with. So a rotation takes place while nobody serves or works,
as a restore does (Note [Presence]); should somebody do so all the same, because the server has lost its
locks, a trigger refuses what they claim. First the ledger is taken in: its lines speak of keys as they were.
Then the key file is written, and nobody starts any more, because a newer pepper is there than the database
stands under. Then all that is live is moved in one transaction, which notes the version. A rotation that was
cut off, and a backup from before one, are the same to whoever does it again: the newest pepper is there, and
the database is moved.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import DatabaseError, connections
from django.utils import timezone

from adieu.accounts import rekeying as addresses
from adieu.accounts.addresses import KIND
from adieu.identities import peppers, rekeying
from adieu.kit import keys
from adieu.kit.crashing import crash_point
from adieu.kit.errors import UnableToStart
from adieu.kit.transactions import transaction
from adieu.ops import preparing, presence
from adieu.tenancy import rekeying as invitations
from adieu.vault import pairing
from adieu.vault.queries import all_addresses


class GivenPepper(UnableToStart):
    """The pepper is a setting: add a version to it yourself."""

    def __init__(self, newest: int) -> None:
        super().__init__(
            f"ADIEU_PEPPER is a setting: add `{newest + 1}:NEW` to it yourself, keep the earlier ones, and"
            " run this again."
        )


def rotate() -> Iterator[str]:
    """Move all that is live under a new pepper, or finish a rotation that was cut off.

    Raises:
        UnableToStart: Adieu is running, or a key or the ledger cannot be used; nothing was moved.
    """
    with _in_one_line("default"), presence.alone():
        peppers.begin(peppers=settings.PEPPERS, now=timezone.now())
        peppers.require_all(peppers=settings.PEPPERS)
        preparing.open_ledger()
        if not _is_unfinished():
            _make_next()
        yield from bring_on()
    yield "Copy the keys to every machine, and into the backup of your keys. Keep the earlier ones, too."


def bring_on() -> Iterator[str]:
    """Move what stands under an earlier pepper than the newest, as a restored database does, and say so."""
    with _in_one_line("default"):
        if not _is_unfinished():
            return
        moved = _move()
    newest = max(settings.PEPPERS)
    yield f"Pepper {newest} is in use from now on. Addresses that were moved: {moved}."
    yield from findings()
    connections.close_all()


def findings() -> list[str]:
    """Name what still stands under an earlier pepper."""
    left = 0 if _is_unfinished() else rekeying.count_left()
    if not left:
        return []
    stand = "address stands" if left == 1 else "addresses stand"
    why = "the vault has no entry for the account, or a restore left open whose it is"
    return [f"{left} live {stand} under an earlier pepper: {why}"]


def problems() -> Iterator[str]:
    """Name what would stop the start."""
    try:
        peppers.require_fit(peppers=settings.PEPPERS)
    except UnableToStart as problem:
        yield str(problem).removesuffix(".")


def kind() -> str:
    """Say which pepper is in use."""
    found = peppers.in_use_since()
    if found is None:
        return "Pepper: none is in use yet"
    version, since = found
    here = ", ".join(str(each) for each in sorted(settings.PEPPERS))
    return f"Pepper {version} is in use since {since:%Y-%m-%d}; here: {here}"


def _is_unfinished() -> bool:
    in_use = peppers.version_in_use()
    return in_use is not None and in_use < max(settings.PEPPERS)


def _make_next() -> None:
    if settings.ADIEU.pepper is not None:
        raise GivenPepper(max(settings.PEPPERS))
    data_dir = settings.ADIEU.data_dir
    keys.make_next(data_dir=data_dir, purpose=keys.PEPPER)
    crash_point("pepper.key_made")
    settings.PEPPERS = keys.peppers(data_dir=data_dir, given=None)


@contextmanager
def _in_one_line(alias: str) -> Iterator[None]:
    try:
        yield
    except DatabaseError as error:
        raise preparing.unusable(alias, error) from None


def _move() -> int:
    with _in_one_line("vault"):
        known = list(all_addresses())
        # The vault is in no backup, so it knows the newest also beside a database from before.
        pairing.renew(peppers=settings.PEPPERS)
    with transaction():
        rekeying.pair_keys(kind=KIND, identifiers=known)
        crash_point("pepper.paired")
        moved = rekeying.move_claims()
        crash_point("pepper.claims_moved")
        addresses.move_addresses()
        addresses.end_what_is_under_way()
        crash_point("pepper.addresses_moved")
        invitations.move_invitations()
        rekeying.forget_pairs()
        peppers.note(peppers=settings.PEPPERS, now=timezone.now())
        crash_point("pepper.noted")
    crash_point("pepper.committed")
    return moved
