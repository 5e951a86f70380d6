"""Changing who belongs to an organization, through the ownership door (Rules O1, O2, O5)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from adieu.activities.kinds import Kind
from adieu.activities.operations import record
from adieu.core.keeping import Blocker
from adieu.kit.errors import Fact
from adieu.kit.transactions import transaction
from adieu.tenancy import blockers, notices, ownership
from adieu.tenancy.models import OrganizationMembership, Project, Role
from adieu.tenancy.ownership import MemberNotFound
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

    Who removes the only owner of a project with clusters becomes its owner.

    Raises:
        OrganizationNotFound, NotAllowed, MemberNotFound: there is nobody to remove, or not by this account.
        LastOwner: the member is the only owner.
        LeavingBlocked: an owner removes themselves, and something has to be settled first.
    """
    organization = ownership.lock_for(
        permission=Permission.MANAGE_MEMBERS, organization_id=organization_id, account_id=account_id
    )
    if member_id == account_id:
        _refuse_if_project_blocks(organization_id, account_id)
    else:
        _take_over_projects(organization_id, account_id, member_id, now)
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
def make_owners(
    *,
    account_id: UUID,
    owners: Mapping[UUID, UUID],
    now: datetime,
    project_owners: Mapping[UUID, UUID] = MappingProxyType({}),
) -> None:
    """Make somebody owner in each of several places, all or none: what "hand over and leave" does.

    Args:
        account_id: Who asks; an owner of each.
        owners: For each organization's id, the id of the member who becomes owner, too.
        now: The present.
        project_owners: The same for projects; of each the member belongs to the organization.

    Raises:
        OrganizationNotFound, ProjectNotFound, NotAllowed, MemberNotFound: nothing is changed, since one of
            them is not possible.
    """
    # In the order of ids, all before the first change: see Note [Locking owners].
    within = Project.objects.filter(id__in=project_owners).values_list("organization_id", flat=True)
    ownership.lock_organizations({*owners, *within})
    for organization_id in sorted(owners):
        require(permission=Permission.MANAGE_MEMBERS, organization_id=organization_id, account_id=account_id)
        member_id = owners[organization_id]
        ownership.change_role(organization_id=organization_id, account_id=member_id, role=Role.OWNER, now=now)
        _record(Kind.OWNERSHIP_HANDED_OVER, organization_id, account_id, member_id, now)
    for project_id in sorted(project_owners):
        _make_project_owner(project_id, account_id, project_owners[project_id], now)


def _make_project_owner(project_id: UUID, account_id: UUID, member_id: UUID, now: datetime) -> None:
    project = ownership.lock_project_for(
        permission=Permission.MANAGE_PROJECT_MEMBERS, project_id=project_id, account_id=account_id
    )
    member = OrganizationMembership.objects.filter(
        organization_id=project.organization_id, account_id=member_id
    ).first()
    if member is None:
        raise MemberNotFound
    ownership.place_in_project(membership=member, project_id=project_id, role=Role.OWNER, now=now)
    record(
        organization_id=project.organization_id,
        kind=Kind.PROJECT_MEMBER_ROLE_CHANGED,
        actor_id=account_id,
        subject_kind="project",
        subject_id=str(project_id),
        subject_name=project.name,
        now=now,
    )


def _refuse_if_project_blocks(organization_id: UUID, account_id: UUID) -> None:
    # The last owner of an organization is refused by the ownership door, in its own words.
    found = blockers.in_organization(account_id=account_id, organization_id=organization_id)
    if any(blocker.code == blockers.SOLE_PROJECT_OWNER for blocker in found):
        raise LeavingBlocked(found)


def _take_over_projects(organization_id: UUID, account_id: UUID, member_id: UUID, now: datetime) -> None:
    """Become owner of the projects with clusters that a member who is removed alone owns (Rule O5)."""
    remover = OrganizationMembership.objects.get(organization_id=organization_id, account_id=account_id)
    for project in blockers.projects_owned_alone(account_id=member_id):
        if project.organization_id == organization_id:
            ownership.place_in_project(membership=remover, project_id=project.id, role=Role.OWNER, now=now)
            record(
                organization_id=organization_id,
                kind=Kind.PROJECT_OWNER_REPLACED,
                actor_id=account_id,
                subject_kind="project",
                subject_id=str(project.id),
                subject_name=project.name,
                now=now,
            )


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
