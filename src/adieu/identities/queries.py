"""What is known about identifiers."""

from collections.abc import Iterable
from enum import StrEnum
from uuid import UUID

from adieu.identities.models import IdentityClaim
from adieu.identities.versions import keys_of
from adieu.kit import sql

# To be put into other queries: the keys of the identifiers an account holds.
KEYS_OF_ACCOUNT = "SELECT key FROM identities_identityclaim WHERE account_id = %s"


class ClaimStatus(StrEnum):
    """Whose an identifier is: nobody's, somebody's, or nobody's ever again."""

    FREE = "free"
    LIVE = "live"
    RETIRED = "retired"


def key_for(*, kind: str, identifier: str) -> str:
    """Give the claim key of an identifier under the newest rule and pepper.

    Raises:
        NotAnAddress: the identifier has no canonical form.
    """
    return keys_of(kind=kind, identifier=identifier)[0].key


def standing_key_for(*, kind: str, identifier: str) -> str:
    """Give the key that an identifier's live claim stands under, else the newest (Rule C4).

    Raises:
        NotAnAddress: the identifier has no canonical form.
    """
    newest, *earlier = all_keys_for(kind=kind, identifier=identifier)
    if not earlier:
        return newest
    left = IdentityClaim.objects.filter(key__in=earlier, account_id__isnull=False)
    return left.values_list("key", flat=True).first() or newest


def all_keys_for(*, kind: str, identifier: str) -> list[str]:
    """List the claim keys of an identifier under every rule and pepper, newest first.

    Raises:
        NotAnAddress: the identifier has no canonical form.
    """
    return [version.key for version in keys_of(kind=kind, identifier=identifier)]


def status_of(*, kind: str, identifier: str) -> ClaimStatus:
    """Tell whether an identifier is free, live or retired, under any version.

    Raises:
        NotAnAddress: the identifier has no canonical form.
    """
    claims = claims_on(kind=kind, identifier=identifier)
    if any(claim.retired_at is not None for claim in claims):
        return ClaimStatus.RETIRED
    return ClaimStatus.LIVE if claims else ClaimStatus.FREE


def is_claimed_by(*, kind: str, identifier: str, account_id: UUID) -> bool:
    """Tell whether an account holds the live claim on an identifier.

    Raises:
        NotAnAddress: the identifier has no canonical form.
    """
    return any(claim.account_id == account_id for claim in claims_on(kind=kind, identifier=identifier))


def claims_on(*, kind: str, identifier: str) -> list[IdentityClaim]:
    """List the rows on an identifier under all versions.

    Raises:
        NotAnAddress: the identifier has no canonical form.
    """
    keys = all_keys_for(kind=kind, identifier=identifier)
    return list(IdentityClaim.objects.filter(key__in=keys))


def keys_of_account(account_id: UUID) -> list[str]:
    """List the keys of the identifiers an account holds, earlier addresses included (Rule A7)."""
    return [key for (key,) in sql.rows(KEYS_OF_ACCOUNT, [account_id])]


def versioned_keys_of_account(account_id: UUID) -> list[tuple[str, int, int]]:
    """List the keys an account holds, each with the versions of rule and pepper, in the order of the keys."""
    rows = sql.rows(
        "SELECT key, rule_version, pepper_version FROM identities_identityclaim"
        " WHERE account_id = %s ORDER BY key",
        [account_id],
    )
    return [(key, rule, pepper) for key, rule, pepper in rows]


def holders_of(*, kind: str, identifiers: Iterable[str]) -> dict[str, UUID]:
    """Tell in one query which accounts hold identifiers; those that are free or retired are missing.

    Raises:
        NotAnAddress: an identifier has no canonical form.
    """
    keys = {
        version.key: identifier
        for identifier in identifiers
        for version in keys_of(kind=kind, identifier=identifier)
    }
    held = IdentityClaim.objects.filter(key__in=list(keys), account_id__isnull=False)
    return {keys[key]: account_id for key, account_id in held.values_list("key", "account_id")}
