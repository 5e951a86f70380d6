"""What is done to the pepper, and who is known afterwards, under whichever version; `life.py` loads it."""

from datetime import datetime, timedelta

from django.conf import settings

from adieu.accounts.addresses import KIND, seal
from adieu.accounts.lifting import lift
from adieu.accounts.models import Account
from adieu.accounts.queries import account_with
from adieu.activities.kinds import OperatorReason
from adieu.identities.models import IdentityClaim
from adieu.identities.peppers import require_fit, version_in_use
from adieu.identities.queries import holders_of, status_of
from adieu.kit import keys
from adieu.kit.crashing import install
from adieu.kit.errors import UnableToStart
from adieu.ops import peppers
from adieu.ops.ledgers import catch_up
from tests.crash.life import ALICE, BOB, CHARLIE
from tests.crash.outages import Full
from tests.support.people import leave


def know_the_peppers() -> None:
    """Know the peppers that are there, as a process does that starts now; who forked us knows older ones."""
    settings.PEPPERS = keys.peppers(data_dir=settings.ADIEU.data_dir, given=None)


def rotate(_moment: datetime) -> None:
    """Rotate the pepper, or finish a rotation, as `adieu keys rotate pepper` does."""
    list(peppers.rotate())


def rotate_on_a_full_disk(full_from: str) -> str:
    """Rotate while nothing more can be written to any file from a point on; say what was said."""
    outage = Full("", "")

    def fill(point: str) -> None:
        if point == full_from:
            outage.begin()

    install(fill)
    fill("")
    try:
        list(peppers.rotate())
    except UnableToStart as problem:
        return str(problem)
    finally:
        outage.end()
    return ""


def bob_leaves(moment: datetime) -> None:
    """Let Bob pass the point of no return."""
    holders = holders_of(kind=KIND, identifiers=[BOB])
    # A code is asked for less often than once a minute.
    leave(holders[BOB], BOB, moment + timedelta(minutes=2))


def lift_both(moment: datetime) -> None:
    """Let an operator lift what was Alice's and Bob's."""
    for address in (ALICE, BOB):
        lift(address=address, reason=OperatorReason.ASKED, actor_id=None, now=moment)
    catch_up(now=moment)


def look_at_peppers() -> dict[str, object]:
    """Say under which pepper what stands, who is known, and whether a process would start."""
    addresses = {"alice": ALICE, "bob": BOB, "charlie": CHARLIE}
    live = IdentityClaim.objects.filter(account_id__isnull=False)
    sealed = {email[:64] for email in Account.objects.values_list("email", flat=True)}
    return {
        "here": sorted(settings.PEPPERS),
        "in use": version_in_use(),
        "why not": _why_not(),
        "accounts": len(sealed),
        "live under": sorted(set(live.values_list("pepper_version", flat=True))),
        "sealed alike": set(live.values_list("key", flat=True)) == sealed,
        "claims": {name: status_of(kind=KIND, identifier=address) for name, address in addresses.items()},
        "found": {
            name: account_with(sealed=seal(address)) is not None for name, address in addresses.items()
        },
    }


def _why_not() -> str:
    try:
        require_fit(peppers=settings.PEPPERS)
    except UnableToStart as problem:
        return str(problem)
    return ""
