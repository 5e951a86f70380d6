"""Accounts that nobody may use until an operator has settled what a restore left open (Rule L1)."""

from datetime import datetime
from uuid import UUID

from adieu.accounts.models import Account, Session
from adieu.kit.transactions import transaction_required


@transaction_required
def set_locked(*, account_id: UUID, locked_at: datetime | None) -> None:
    """Lock an account if it is there, and end its sessions, or unlock it; API keys are refused as long."""
    Account.objects.filter(pk=account_id).update(locked_at=locked_at)
    if locked_at is not None:
        # What they held in the vault goes by the sweep (Rule P4).
        Session.objects.filter(account_id=account_id).delete()


def is_locked(*, account_id: UUID) -> bool:
    """Tell whether nobody may use an account."""
    return Account.objects.filter(pk=account_id, locked_at__isnull=False).exists()
