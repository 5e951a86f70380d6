"""Changing who belongs to an organization, through the ownership door (Rules O1, O2, O5)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from adieu.activities.kinds import Kind
from adieu.activities.operations import record
from adieu.core.keeping import Blocker
from adieu.kit.errors import Fact
from adieu.kit.transactions import transaction
from adieu.tenancy import blockers, notices, ownership
from adieu.tenancy.models import Role
from adieu.tenancy.permissions import Permission, require


class LeavingBlocked(Fact):
    """Something has to be settled before you can leave."""

    def __init__(self, blockers: Sequence[Blocker]) -> None:
        super().__init__()
        self.blockers = tuple(blockers)


@transaction
def change_role(
    *, organization_id: UUID, account_id: UUID, member_id: UUID, role: Role, now: datetime
) -> None:
    """Promote or demote a member.

    Args:
        organization_id: Where.
        account_id: Who asks; an owner.
        member_id: The account whose role changes; may be one's own.
        role: The role from now on.
        now: The present.

    Raises:
        OrganizationNotFound, NotAllowed, MemberNotFound: there is nothing to change, or not by this account.
        LastOwner: the member is the only owner.
    """
    ownership.lock_for(
        permission=Permission.MANAGE_MEMBERS, organization_id=organization_id, account_id=account_id
    )
    earlier = ownership.change_role(organization_id=organization_id, account_id=member_id, role=role, now=now)
    if earlier != role:
        _record(Kind.MEMBER_ROLE_CHANGED, organization_id, account_id, member_id, now)


@transaction
def remove_member(*, organization_id: UUID, account_id: UUID, member_id: UUID, now: datetime) -> None:
    """Take somebody out of an organization, its projects and its API keys, and owe them a mail (Rule O5).

    Raises:
        OrganizationNotFound, NotAllowed, MemberNotFound: there is nobody to remove, or not by this account.
        LastOwner: the member is the only owner.
    """
    organization = ownership.lock_for(
        permission=Permission.MANAGE_MEMBERS, organization_id=organization_id, account_id=account_id
    )
    ownership.end(organization_id=organization_id, account_id=member_id, now=now)
    notices.owe_removed(account_id=member_id, name=organization.name, now=now)
    _record(Kind.MEMBER_REMOVED, organization_id, account_id, member_id, now)


@transaction
def leave_organization(*, organization_id: UUID, account_id: UUID, now: datetime) -> None:
    """Leave an organization; refused by the same blockers as a deletion (Rule O5).

    Raises:
        OrganizationNotFound: the account does not belong to it.
        LeavingBlocked: it would be left without an owner.
    """
    ownership.lock_for(
        permission=Permission.SEE_ORGANIZATION, organization_id=organization_id, account_id=account_id
    )
    in_the_way = blockers.in_organization(account_id=account_id, organization_id=organization_id)
    if in_the_way:
        raise LeavingBlocked(in_the_way)
    ownership.end(organization_id=organization_id, account_id=account_id, now=now)
    _record(Kind.MEMBER_LEFT, organization_id, account_id, account_id, now)


@transaction
def hand_over(*, organization_id: UUID, account_id: UUID, member_id: UUID, now: datetime) -> None:
    """Make somebody else owner and become a member oneself.

    Raises:
        OrganizationNotFound, NotAllowed, MemberNotFound: not possible, or not by this account.
    """
    ownership.lock_for(
        permission=Permission.MANAGE_MEMBERS, organization_id=organization_id, account_id=account_id
    )
    ownership.change_role(organization_id=organization_id, account_id=member_id, role=Role.OWNER, now=now)
    if member_id != account_id:
        ownership.change_role(
            organization_id=organization_id, account_id=account_id, role=Role.MEMBER, now=now
        )
    _record(Kind.OWNERSHIP_HANDED_OVER, organization_id, account_id, member_id, now)


@transaction
def make_owners(*, account_id: UUID, owners: Mapping[UUID, UUID], now: datetime) -> None:
    """Make somebody owner in each of several organizations, all or none: what "hand over and leave" does.

    Args:
        account_id: Who asks; an owner of each.
        owners: For each organization's id, the id of the member who becomes owner, too.
        now: The present.

    Raises:
        OrganizationNotFound, NotAllowed, MemberNotFound: one of them is not possible; nothing is changed.
    """
    # In the order of ids, all before the first change: see Note [Locking owners].
    ownership.lock_organizations(owners)
    for organization_id in sorted(owners):
        require(permission=Permission.MANAGE_MEMBERS, organization_id=organization_id, account_id=account_id)
        member_id = owners[organization_id]
        ownership.change_role(organization_id=organization_id, account_id=member_id, role=Role.OWNER, now=now)
        _record(Kind.OWNERSHIP_HANDED_OVER, organization_id, account_id, member_id, now)


def _record(kind: Kind, organization_id: UUID, actor_id: UUID, member_id: UUID, now: datetime) -> None:
    record(
        organization_id=organization_id,
        kind=kind,
        actor_id=actor_id,
        subject_kind="account",
        subject_id=str(member_id),
        subject_name="",
        now=now,
    )
