"""What becomes of the identity claims when an account is deleted (Rules C2, C6)."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from adieu.core.archiving import Table
from adieu.core.keeping import Blocker, Description, Override, Staying, Step, StepSpec, Subject
from adieu.identities.models import IdentityClaim
from adieu.identities.operations import retire
from adieu.identities.queries import KEYS_OF_ACCOUNT
from adieu.kit import sql

STAYS = Staying(
    what="A keyed digest of each address you had here, from which the address cannot be read",
    why="So that nobody can sign up with your address again",
    how_long="For good",
)


class IdentitiesKeeper:
    """Keeps the claims, which outlive the account without saying whose they were."""

    name = "identities"

    def find_blockers(self, *, account_id: UUID) -> Sequence[Blocker]:
        """A claim is never in the way."""
        del account_id
        return ()

    def describe(self, *, account_id: UUID) -> Description:
        """Tell that the retired claim stays, and why."""
        del account_id
        return Description(stays=(STAYS,))

    def export(self, *, account_id: UUID) -> Sequence[Table]:
        """Give nothing: a claim says no more than the address it was made from."""
        del account_id
        return ()

    def settle_blockers(self, *, account_id: UUID, override: Override | None, now: datetime) -> None:
        """Nothing here is ever in the way."""

    def set_locked(self, *, account_id: UUID, locked_at: datetime | None) -> None:
        """Nothing here lets anybody in."""

    def owned(self, *, account_id: UUID) -> Sequence[Subject]:
        """Nothing here can be owned."""
        del account_id
        return ()

    def lock(self, *, account_id: UUID) -> None:
        """Lock the claims in the order of their keys."""
        sql.lock(f"{KEYS_OF_ACCOUNT} ORDER BY key FOR UPDATE", [account_id])

    def erase_now(self, *, account_id: UUID, now: datetime) -> None:
        """Retire the claims, and with that cut them from the account."""
        retire(account_id=account_id, now=now)

    def steps(self, *, account_id: UUID) -> Sequence[StepSpec]:
        """Nothing is left to do afterwards."""
        del account_id
        return ()

    def run(self, *, step: Step, now: datetime) -> None:
        """There is no step."""

    def residue(self, *, account_id: UUID) -> Sequence[str]:
        """Name the claims that still say whose they are."""
        count = IdentityClaim.objects.filter(account_id=account_id).count()
        return [f"{count} live identity claims"] if count else []
