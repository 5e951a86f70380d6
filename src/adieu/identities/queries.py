"""What is known about identifiers."""

from enum import StrEnum
from uuid import UUID

from adieu.identities.models import IdentityClaim
from adieu.identities.versions import keys_of


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
    keys = [version.key for version in keys_of(kind=kind, identifier=identifier)]
    return list(IdentityClaim.objects.filter(key__in=keys))
