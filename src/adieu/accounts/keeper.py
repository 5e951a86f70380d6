"""What accounts keep of a person."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from adieu.accounts.erasing import count_left, erase_account, lock_account
from adieu.accounts.exporting import tables
from adieu.accounts.locking import set_locked
from adieu.accounts.models import Session
from adieu.core.archiving import Table
from adieu.core.keeping import Blocker, Description, Going, Override, Step, StepSpec, Subject


class AccountsKeeper:
    """Keeps the account row itself, its sessions, its sealed addresses and what it agreed to. Goes last."""

    name = "accounts"

    def find_blockers(self, *, account_id: UUID) -> Sequence[Blocker]:
        """Nothing of an account stands in the way."""
        return ()

    def describe(self, *, account_id: UUID) -> Description:
        """The account itself and its sessions go."""
        sessions = Session.objects.filter(account_id=account_id).count()
        return Description(
            goes=(
                Going("account", "accounts", 1),
                Going("session", "sessions", sessions),
            )
        )

    def export(self, *, account_id: UUID) -> Sequence[Table]:
        """Give the account, its sessions and its agreements."""
        return tables(account_id=account_id)

    def settle_blockers(self, *, account_id: UUID, override: Override | None, now: datetime) -> None:
        """Nothing here is ever in the way."""

    def set_locked(self, *, account_id: UUID, locked_at: datetime | None) -> None:
        """Lock the account and end its sessions, or let its person in again."""
        set_locked(account_id=account_id, locked_at=locked_at)

    def owned(self, *, account_id: UUID) -> Sequence[Subject]:
        """Nothing here can be owned."""
        del account_id
        return ()

    def lock(self, *, account_id: UUID) -> None:
        """Lock the account row."""
        lock_account(account_id=account_id)

    def erase_now(self, *, account_id: UUID, now: datetime) -> None:
        """Erase sessions, addresses, agreements and the account row (Rules D6, D7)."""
        erase_account(account_id=account_id)

    def steps(self, *, account_id: UUID) -> Sequence[StepSpec]:
        """Nothing is left for afterwards."""
        return ()

    def run(self, *, step: Step, now: datetime) -> None:
        """There are no steps."""

    def residue(self, *, account_id: UUID) -> Sequence[str]:
        """Name the tables that still know the account."""
        left = count_left(account_id=account_id)
        return [f"{count} in {table}" for table, count in left.items() if count]
