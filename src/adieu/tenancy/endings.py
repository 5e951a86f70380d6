"""How invitations end, and that the addresses they were sent to go with them (Rule O3).

Every ending is one conditional update, so of two at once the first decides what became of the invitation.
"""

from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.db.models import Q, QuerySet

from adieu.identities.queries import KEYS_OF_ACCOUNT
from adieu.kit import sql
from adieu.kit.transactions import run_after_commit, transaction, transaction_required
from adieu.tenancy.models import Invitation, InvitationState
from adieu.vault import invited

ENDED_LIVES = timedelta(days=7)
PENDING = Q(state=InvitationState.PENDING)
# Two queries and not an OR, for which PostgreSQL would read the whole table.
ABOUT = f"""
    state = 'pending' AND id IN (
        SELECT id FROM tenancy_invitation WHERE inviter_id IN
        (SELECT id FROM tenancy_organizationmembership WHERE account_id = %s)
        UNION ALL
        SELECT id FROM tenancy_invitation WHERE address_key IN ({KEYS_OF_ACCOUNT})
    )
"""  # noqa: S608 - constants
COUNT_ABOUT = f"""
    SELECT organization_id, COALESCE(inviter_id IN
        (SELECT id FROM tenancy_organizationmembership WHERE account_id = %s), FALSE) AS is_sent, COUNT(*)
    FROM tenancy_invitation WHERE {ABOUT} GROUP BY organization_id, is_sent
"""  # noqa: S608 - constants


@transaction_required
def end(rows: QuerySet[Invitation], *, state: InvitationState, now: datetime) -> int:
    """End those of some invitations that are pending, and tell how many there were."""
    ids = _lock(rows)
    ended = _write(Invitation.objects.filter(id__in=ids), state=state, now=now)
    _forget_addresses(ids)
    return ended


@transaction_required
def prepare_to_go(rows: QuerySet[Invitation]) -> None:
    """See to the addresses of invitations that go in this transaction, with what they are for."""
    _forget_addresses(list(rows.filter(PENDING).values_list("id", flat=True)))


@transaction_required
def end_all_about(*, account_id: UUID, now: datetime) -> None:
    """End all that an account that goes has sent, and all that was sent to it (Rule D6).

    It holds its claims and memberships still. The addresses go in an erasure step.
    """
    about = [account_id, account_id]
    sql.lock(f"SELECT 1 FROM tenancy_invitation WHERE {ABOUT} ORDER BY id FOR UPDATE", about)  # noqa: S608
    sql.run(
        "UPDATE tenancy_invitation SET state = %s, ended_at = %s, address_key = ''"  # noqa: S608
        f" WHERE {ABOUT}",
        [InvitationState.REVOKED.value, now, *about],
    )


def count_about(*, account_id: UUID) -> tuple[dict[UUID, int], int]:
    """Count the pending invitations an account has sent, by organization, and those that it was sent."""
    rows = sql.rows(COUNT_ABOUT, [account_id, account_id, account_id])
    sent = {sql.as_id(organization_id): count for organization_id, is_sent, count in rows if is_sent}
    return sent, sum(count for _, is_sent, count in rows if not is_sent)


def sweep(*, now: datetime) -> int:
    """End what ran out, erase what ended a week ago, and tell how many addresses went (Rules O3, A8)."""
    with transaction():
        end(Invitation.objects.filter(expires_at__lte=now), state=InvitationState.EXPIRED, now=now)
        Invitation.objects.filter(ended_at__lt=now - ENDED_LIVES).delete()
    return sweep_addresses(now=now)


def sweep_addresses(*, now: datetime) -> int:
    """Erase addresses whose invitation has ended, went with its organization or never came to be."""
    return invited.sweep(known=_known, pending=_pending, now=now)


def _forget_addresses(invitation_ids: list[UUID]) -> None:
    # Rule P4: after the transaction. A kill in between leaves them to the sweep.
    if invitation_ids:
        run_after_commit(partial(invited.forget, invitation_ids))


def _lock(rows: QuerySet[Invitation]) -> list[UUID]:
    """Lock those that are pending, in the order of their ids, and give these.

    Two people who have invited each other and go at once would else wait for each other: an update locks in
    no order.
    """
    return list(rows.filter(PENDING).order_by("id").select_for_update().values_list("id", flat=True))


def _write(rows: QuerySet[Invitation], *, state: InvitationState, now: datetime) -> int:
    # The key of the address goes as well: an invitation that has ended is about nobody.
    return rows.filter(PENDING).update(state=state, ended_at=now, address_key="")


def _known(invitation_ids: list[UUID]) -> set[UUID]:
    return set(Invitation.objects.filter(id__in=invitation_ids).values_list("id", flat=True))


def _pending(invitation_ids: list[UUID]) -> set[UUID]:
    return set(Invitation.objects.filter(PENDING, id__in=invitation_ids).values_list("id", flat=True))
