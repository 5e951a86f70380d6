"""What the ledger tells of organizations, made true again in a database that was restored (Rule L2)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count

from adieu.accounts.erasing import hold_account
from adieu.activities.kinds import OperatorKind, OperatorReason
from adieu.activities.operator_log import record_act
from adieu.kit import sql
from adieu.kit.transactions import transaction, transaction_required
from adieu.ledger.entries import Kind
from adieu.ledger.owing import owe_line
from adieu.ledger.replaying import register
from adieu.tenancy import blockers, lone_projects, ownership
from adieu.tenancy.models import Organization, OrganizationMembership


def register_replayers() -> None:
    """Tell the ledger who makes its lines about organizations true again."""
    register(Kind.ORGANIZATION_DELETED, replay_deleted)
    register(Kind.OWNER_MADE, replay_owner_made)
    register(Kind.OWNER_UNMADE, replay_owner_unmade)


@transaction_required
def replay_deleted(*, body: Mapping[str, Any], made_at: datetime, now: datetime) -> None:
    """Destroy an organization once more; its members were told when it went."""
    del made_at
    ownership.destroy(organization_id=UUID(body["organization"]), now=now)


@transaction_required
def replay_owner_made(*, body: Mapping[str, Any], made_at: datetime, now: datetime) -> None:
    """Make somebody an owner again, as far as both are there."""
    del now
    organization_id, account_id = UUID(body["organization"]), UUID(body["account"])
    if not hold_account(account_id=account_id) or not ownership.lock_organizations([organization_id]):
        return
    ownership.make_owner(organization_id=organization_id, account_id=account_id, now=made_at)


@transaction_required
def replay_owner_unmade(*, body: Mapping[str, Any], made_at: datetime, now: datetime) -> None:
    """Make somebody a member again who was an owner, unless nobody else owns the organization here."""
    del made_at, now
    organization_id, account_id = UUID(body["organization"]), UUID(body["account"])
    locked = ownership.lock_organizations([organization_id])
    if locked and locked[organization_id].owner_count > 1:
        ownership.unmake_owner(organization_id=organization_id, account_id=account_id)


@transaction_required
def settle_owned_alone(*, account_id: UUID, now: datetime) -> None:
    """Destroy the organizations that an account owns alone and is alone in; lock those with other members.

    Projects with clusters that it alone owns elsewhere are given away. The account's organizations are locked
    by the caller.
    """
    alone = Organization.objects.filter(id__in=blockers.owned_alone(account_id=account_id))
    counted = alone.annotate(member_count=Count("memberships")).order_by("id")
    for organization_id, members in counted.values_list("id", "member_count"):
        if members == 1:
            ownership.destroy(organization_id=organization_id, now=now)
        else:
            Organization.objects.filter(id=organization_id).update(locked_at=now)
    lone_projects.give_away(account_id=account_id, heir_id=None, now=now)


def locked_organizations() -> list[tuple[UUID, str, datetime]]:
    """List the organizations that wait for an owner, by id, name and since when."""
    locked = Organization.objects.filter(locked_at__isnull=False).order_by("locked_at", "id")
    return [(id_, name, at) for id_, name, at in locked.values_list("id", "name", "locked_at") if at]


def sweep_left(*, now: datetime) -> int:
    """Destroy organizations that wait for an owner and that everybody has left meanwhile; tell how many."""
    # Nearly always there is none, and a look takes no lock.
    return _destroy_left(now) if locked_organizations() else 0


@transaction
def _destroy_left(now: datetime) -> int:
    empty = """
        SELECT id FROM tenancy_organization WHERE locked_at IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM tenancy_organizationmembership WHERE organization_id = tenancy_organization.id)
        ORDER BY id
    """
    ids = [sql.as_id(id_) for (id_,) in sql.rows(empty + sql.for_update())]
    for organization_id in ids:
        ownership.destroy(organization_id=organization_id, now=now)
    return len(ids)


@transaction
def give(*, organization_id: UUID, account_id: UUID, now: datetime) -> None:
    """Make a member the owner of an organization that waits for one, for the operator.

    Raises:
        OrganizationNotFound, MemberNotFound: there is nothing to give, or nobody to give it to.
    """
    ownership.lock_organization(organization_id)
    members = OrganizationMembership.objects.filter(organization_id=organization_id, account_id=account_id)
    if not members.exists():
        raise ownership.MemberNotFound
    ownership.make_owner(organization_id=organization_id, account_id=account_id, now=now)
    body = {"organization": str(organization_id), "account": str(account_id)}
    owe_line(kind=Kind.OWNER_MADE, body=body, now=now)
    record_act(
        kind=OperatorKind.ORGANIZATION_GIVEN,
        reason=OperatorReason.RESTORE,
        subject_id=str(organization_id),
        actor_id=None,
        now=now,
    )
