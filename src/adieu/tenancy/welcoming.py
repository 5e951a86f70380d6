"""That an account has arrived; the primary key of its row decides it once (Rule A3)."""

from datetime import datetime
from uuid import UUID

from adieu.kit import sql
from adieu.kit.transactions import transaction_required


@transaction_required
def mark_arrived(*, account_id: UUID, now: datetime) -> bool:
    """Note that an account has its first organization, and tell whether that is new."""
    return bool(
        sql.run(
            "INSERT INTO tenancy_welcome (account_id, welcomed_at) VALUES (%s, %s) ON CONFLICT DO NOTHING",
            [account_id, now],
        )
    )
