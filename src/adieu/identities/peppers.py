"""Which peppers the keys in this database were made with, so that nobody serves it with others (Rule C4).

Note [Versions of the pepper]

The database notes each version it has been under, with a mark that only the pepper itself can make. The
highest noted one is in use: new keys are made with it, and what is live stands under it. The highest one that
a process knows has to be the same. With an older one, it would not know who is there and who left; with a
newer one, it would find nobody, because a rotation was cut off, or a backup from before it was put back.
"""

import hmac
from collections.abc import Mapping
from datetime import datetime

from adieu.core.keys import derive_key
from adieu.identities.models import IdentityClaim, PepperVersion
from adieu.kit.errors import UnableToStart
from adieu.kit.transactions import transaction, transaction_required

type Peppers = Mapping[int, bytes]


class PepperMissing(UnableToStart):
    """A pepper is missing that addresses in this database stand under."""

    def __init__(self, version: int) -> None:
        super().__init__(
            f"The main database needs pepper {version}, and it is not here: bring keys/pepper-{version}.key,"
            " or its word in ADIEU_PEPPER, from where the other keys are."
        )


class OtherPepper(UnableToStart):
    """A pepper is not the one that addresses in this database stand under."""

    def __init__(self, version: int) -> None:
        super().__init__(f"Pepper {version} is not the one that the main database was made with.")


class RotationUnfinished(UnableToStart):
    """A newer pepper is there than the one that addresses in this database stand under."""

    def __init__(self, noted: int, newest: int) -> None:
        super().__init__(
            f"Addresses in the main database stand under pepper {noted}, and pepper {newest} is here: run"
            " `adieu keys rotate pepper`."
        )


def begin(*, peppers: Peppers, now: datetime) -> None:
    """Note the pepper that a new database begins with; one that has begun stays as it is."""
    if PepperVersion.objects.exists():
        return
    newest = _newest_claimed() or max(peppers)
    if newest not in peppers:
        raise PepperMissing(newest)
    with transaction():
        note(peppers={version: peppers[version] for version in peppers if version <= newest}, now=now)


@transaction_required
def note(*, peppers: Peppers, now: datetime) -> None:
    """Note from when on the newest is in use; those that are noted already stay as they are."""
    fresh = [
        PepperVersion(version=version, mark=mark_of(pepper), begun_at=now)
        for version, pepper in sorted(peppers.items())
    ]
    PepperVersion.objects.bulk_create(fresh, ignore_conflicts=True)


def require_fit(*, peppers: Peppers) -> None:
    """Make sure that a process knows what this database stands under, and write nothing.

    Raises:
        PepperMissing, OtherPepper, RotationUnfinished: it does not; see Note [Versions of the pepper].
    """
    require_all(peppers=peppers)
    in_use = version_in_use()
    if in_use is not None and in_use < max(peppers):
        raise RotationUnfinished(in_use, max(peppers))


def require_all(*, peppers: Peppers) -> None:
    """Make sure that a process knows every pepper that keys in this database were made with.

    After a restore that was cut off before the move there are retired keys of which no noted version tells.

    Raises:
        PepperMissing, OtherPepper: it does not.
    """
    require_known(noted(), peppers=peppers)
    if (newest := _newest_claimed()) is not None and newest not in peppers:
        raise PepperMissing(newest)


def require_known(marks: Mapping[int, str], *, peppers: Peppers) -> None:
    """Hold the marks of a database, this one or one in a backup, against the peppers that are here.

    Raises:
        PepperMissing, OtherPepper: one is not here, or another is in its place.
    """
    for version, mark in sorted(marks.items()):
        if version not in peppers:
            raise PepperMissing(version)
        if not hmac.compare_digest(mark, mark_of(peppers[version])):
            raise OtherPepper(version)


def _newest_claimed() -> int | None:
    claimed = IdentityClaim.objects.order_by("-pepper_version").values_list("pepper_version", flat=True)
    return claimed.first()


def noted() -> dict[int, str]:
    """Give the marks of the versions that this database has been under."""
    return dict(PepperVersion.objects.values_list("version", "mark"))


def version_in_use() -> int | None:
    """Give the version that live claims stand under; none in a database that has not begun."""
    return max(noted(), default=None)


def in_use_since() -> tuple[int, datetime] | None:
    """Give the version in use, and since when it is."""
    return PepperVersion.objects.order_by("-version").values_list("version", "begun_at").first()


def mark_of(pepper: bytes) -> str:
    """Make what tells one pepper from another, and nothing about it."""
    return derive_key(pepper, "pepper version").hex()
