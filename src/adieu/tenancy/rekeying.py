"""Invitations under the newest pepper; see Note [Re-keying]."""

from adieu.kit import sql
from adieu.kit.transactions import transaction_required


@transaction_required
def move_invitations() -> None:
    """Move the keys of the addresses that pending invitations were sent to."""
    sql.run(
        "UPDATE tenancy_invitation"
        " SET address_key = (SELECT new_key FROM rekeyed WHERE old_key = address_key)"
        " WHERE state = 'pending' AND address_key IN (SELECT old_key FROM rekeyed)"
    )
