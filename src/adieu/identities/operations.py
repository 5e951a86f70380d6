"""Claiming identifiers and retiring them for good."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.conf import settings

from adieu.identities.models import IdentityClaim
from adieu.identities.peppers import PepperMissing
from adieu.identities.queries import claims_on
from adieu.identities.versions import VersionedKey, keys_of
from adieu.kit import sql
from adieu.kit.errors import Fact
from adieu.kit.transactions import transaction_required


class IdentityRetired(Fact):
    """This identifier belonged to an account that was deleted. It is retired for good."""


class IdentityTaken(Fact):
    """This identifier belongs to another account."""


class NotRetired(Fact):
    """This identifier is not retired."""


@transaction_required
def claim(*, kind: str, identifier: str, account_id: UUID) -> None:
    """Make an identifier an account's own, in the transaction that makes it so (Rule C3).

    Claiming what is one's own already changes nothing. An error of the database propagates:
    a claim that can be neither written nor read keeps the door shut.

    Raises:
        IdentityRetired: a deleted account had it.
        IdentityTaken: another account has it.
        NotAnAddress: the identifier has no canonical form.
    """
    if _is_own(claims_on(kind=kind, identifier=identifier), account_id):
        return
    newest = keys_of(kind=kind, identifier=identifier)[0]
    if _insert(newest, account_id):
        return
    # Another claim or a retirement was committed between the look-up and the insert: say which.
    # A row that has gone since leaves the door shut all the same; only our own row opens it.
    if not _is_own(claims_on(kind=kind, identifier=identifier), account_id):
        raise IdentityTaken


@transaction_required
def retire(*, account_id: UUID, now: datetime) -> int:
    """Retire every identifier of an account and tell how many there were.

    The rows are updated, never replaced, so one unique index refuses both a second live account
    and a return (Rule C2).
    """
    return sql.run(
        "UPDATE identities_identityclaim SET account_id = NULL, retired_at = %s WHERE account_id = %s",
        [now, account_id],
    )


@transaction_required
def retire_keys(*, keys: Iterable[tuple[str, int, int]], now: datetime) -> None:
    """Retire identifiers by their keys, whoever holds them, and those that nobody holds, too (Rule L2).

    Args:
        keys: claim keys, each with the versions of rule and pepper it was made under.
        now: since when they are retired; one that is retired already stays as it is.

    Raises:
        PepperMissing: nobody here could find them, so whoever left could come back.
    """
    for key, rule_version, pepper_version in keys:
        _require_pepper(pepper_version)
        sql.run(
            "INSERT INTO identities_identityclaim (key, rule_version, pepper_version, retired_at)"
            " VALUES (%s, %s, %s, %s) ON CONFLICT (key) DO UPDATE SET account_id = NULL,"
            " retired_at = excluded.retired_at WHERE identities_identityclaim.retired_at IS NULL",
            [key, rule_version, pepper_version, now],
        )


@transaction_required
def lift(*, kind: str, identifier: str) -> list[str]:
    """Let a retired identifier be claimed again, and give the keys that it was retired under (Rule C6).

    Raises:
        NotRetired: it is free or somebody's.
        NotAnAddress: the identifier has no canonical form.
    """
    keys = [held.key for held in claims_on(kind=kind, identifier=identifier) if held.retired_at is not None]
    lifted = [key for key in keys if lift_key(key=key)]
    if not lifted:
        raise NotRetired
    return lifted


@transaction_required
def lift_key(*, key: str) -> bool:
    """Take a retired claim away, and tell whether it was there; a live one stays."""
    lifted = sql.run("DELETE FROM identities_identityclaim WHERE key = %s AND retired_at IS NOT NULL", [key])
    return lifted == 1


@transaction_required
def hold_keys(*, keys: Iterable[tuple[str, int, int]], since: datetime) -> None:
    """Let nobody claim what nobody claims now, until an operator has settled whose it was (Rule L1).

    A row as of a retired identifier: it refuses everybody at every door.

    Raises:
        PepperMissing: nobody here could find them.
    """
    for key, rule_version, pepper_version in keys:
        _require_pepper(pepper_version)
        sql.run(
            "INSERT INTO identities_identityclaim (key, rule_version, pepper_version, retired_at)"
            " VALUES (%s, %s, %s, %s) ON CONFLICT (key) DO NOTHING",
            [key, rule_version, pepper_version, since],
        )


@transaction_required
def free_keys(*, keys: Iterable[tuple[str, int, int]], since: datetime) -> None:
    """Give free what `hold_keys` held since then, and nothing that was retired otherwise."""
    for key, _, _ in keys:
        sql.run(
            "DELETE FROM identities_identityclaim WHERE key = %s AND account_id IS NULL AND retired_at = %s",
            [key, since],
        )


def _require_pepper(version: int) -> None:
    if version not in settings.PEPPERS:
        raise PepperMissing(version)


def _is_own(claims: Iterable[IdentityClaim], account_id: UUID) -> bool:
    is_own = False
    for held in claims:
        if held.retired_at is not None:
            raise IdentityRetired
        if held.account_id != account_id:
            raise IdentityTaken
        is_own = True
    return is_own


def _insert(version: VersionedKey, account_id: UUID) -> bool:
    """Insert a live claim unless the key is there; the unique index decides between two (Rule C3)."""
    inserted = sql.run(
        "INSERT INTO identities_identityclaim (key, rule_version, pepper_version, account_id)"
        " VALUES (%s, %s, %s, %s) ON CONFLICT (key) DO NOTHING",
        [version.key, version.rule_version, version.pepper_version, account_id],
    )
    return inserted == 1
