"""The ownership door: nothing else writes memberships (Rule O2; a lint sees to it).

Note [Locking owners]
Whoever wants to change who belongs to an organization locks its row first, several in the order of their
ids, and looks at the owners after that, in a statement of its own: a statement sees what was committed when
it began, so a look in the statement that waits for the lock would be too old. Whoever comes second waits and
then sees what the first one left. The check on `owner_count` stands behind this (Note [Owners are counted]):
whatever forgets the lock is refused by the database.

The right to do something is looked at under the lock, too (`lock_for`): an owner who is being demoted while
they promote themselves would else be an owner again.

Locks come in one order everywhere, so that nobody waits in a circle: an account that a new row will point to
(`hold_account`), then organizations, then projects. A deletion locks its account, then the rest.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from adieu.accounts.erasing import hold_account
from adieu.kit import sql
from adieu.kit.crashing import crash_point
from adieu.kit.errors import Fact
from adieu.kit.transactions import transaction_required
from adieu.ledger.entries import Kind
from adieu.ledger.owing import owe_line
from adieu.tenancy import endings, occupancy
from adieu.tenancy.models import (
    Invitation,
    InvitationState,
    Organization,
    OrganizationMembership,
    Project,
    ProjectMembership,
    Role,
)
from adieu.tenancy.permissions import OrganizationNotFound, Permission, require, require_in_project

MOST_MEMBERS = 100


class LastOwner(Fact):
    """An organization keeps at least one owner. Make someone else owner first."""


class AlreadyMember(Fact):
    """This person is a member already."""


class MemberNotFound(Fact):
    """There is no such member."""


class AccountNotFound(Fact):
    """This account has been deleted."""


class TooManyMembers(Fact):
    """An organization has at most 100 members."""


@transaction_required
def lock_organizations(organization_ids: Iterable[UUID]) -> dict[UUID, Organization]:
    """Lock organizations in the order of their ids (Note [Locking owners]), those that are still there."""
    rows = Organization.objects.select_for_update().filter(id__in=set(organization_ids)).order_by("id")
    return {row.id: row for row in rows}


@transaction_required
def lock_organization(organization_id: UUID) -> Organization:
    """Lock one organization.

    Raises:
        OrganizationNotFound: it is gone.
    """
    locked = lock_organizations([organization_id])
    if organization_id not in locked:
        raise OrganizationNotFound
    return locked[organization_id]


@transaction_required
def lock_for(*, permission: Permission, organization_id: UUID, account_id: UUID) -> Organization:
    """Lock an organization for an account that may do something in it (Note [Locking owners]).

    Raises:
        OrganizationNotFound, NotAllowed: the account may not, or not any more.
    """
    # Before the lock as well, so that a stranger makes nobody wait.
    require(permission=permission, organization_id=organization_id, account_id=account_id)
    lock_organization(organization_id)
    return require(permission=permission, organization_id=organization_id, account_id=account_id)


@transaction_required
def lock_project_for(*, permission: Permission, project_id: UUID, account_id: UUID) -> Project:
    """Lock a project, and its organization before it, for an account that may do something in it.

    Raises:
        ProjectNotFound, NotAllowed: the account may not, or not any more.
    """
    project = require_in_project(permission=permission, project_id=project_id, account_id=account_id)
    lock_organizations([project.organization_id])
    # Reading it is what takes the lock.
    Project.objects.select_for_update().filter(id=project_id).first()
    return require_in_project(permission=permission, project_id=project_id, account_id=account_id)


@transaction_required
def begin(*, organization_id: UUID, account_id: UUID, now: datetime) -> OrganizationMembership:
    """Write the first owner of an organization that is written next (Note [Owners are counted]).

    Raises:
        AccountNotFound: the account went a moment ago.
    """
    if not hold_account(account_id=account_id):
        raise AccountNotFound
    return OrganizationMembership.objects.create(
        organization_id=organization_id, account_id=account_id, role=Role.OWNER, joined_at=now
    )


@transaction_required
def admit(*, organization_id: UUID, account_id: UUID, role: Role, now: datetime) -> OrganizationMembership:
    """Make an account a member.

    Raises:
        OrganizationNotFound, AccountNotFound: one of the two is gone.
        AlreadyMember: the account belongs to it already.
        TooManyMembers: it is full.
    """
    if not hold_account(account_id=account_id):
        raise AccountNotFound
    lock_organization(organization_id)
    members = OrganizationMembership.objects.filter(organization_id=organization_id)
    if members.filter(account_id=account_id).exists():
        raise AlreadyMember
    if members.count() >= MOST_MEMBERS:
        raise TooManyMembers
    if role == Role.OWNER:
        _owe_line(Kind.OWNER_MADE, organization_id, account_id, now)
    return members.create(organization_id=organization_id, account_id=account_id, role=role, joined_at=now)


@transaction_required
def change_role(*, organization_id: UUID, account_id: UUID, role: Role, now: datetime) -> Role:
    """Promote or demote a member, and give the role they had.

    Raises:
        OrganizationNotFound, MemberNotFound: there is nobody to change.
        LastOwner: they are the only owner.
    """
    membership = _lock_membership(organization_id, account_id)
    earlier = Role(membership.role)
    if earlier == Role.OWNER and role != Role.OWNER:
        _refuse_last_owner(membership)
    membership.role = role
    membership.save(update_fields=["role"])
    if earlier != role:
        is_made = role == Role.OWNER
        _owe_line(Kind.OWNER_MADE if is_made else Kind.OWNER_UNMADE, organization_id, account_id, now)
    return earlier


@transaction_required
def end(*, organization_id: UUID, account_id: UUID, now: datetime) -> None:
    """Take a member out of an organization, its projects and its API keys (Rule O5).

    The invitations they sent end with them (Rule O3).

    Raises:
        OrganizationNotFound, MemberNotFound: there is nobody to take out.
        LastOwner: they are the only owner.
    """
    membership = _lock_membership(organization_id, account_id)
    if membership.role == Role.OWNER:
        _refuse_last_owner(membership)
        _owe_line(Kind.OWNER_UNMADE, organization_id, account_id, now)
    Organization.objects.filter(id=organization_id, contact_id=account_id).update(contact=None)
    endings.end(Invitation.objects.filter(inviter=membership), state=InvitationState.REVOKED, now=now)
    sql.run("DELETE FROM tenancy_organizationmembership WHERE id = %s", [membership.pk])


@transaction_required
def end_all(*, account_id: UUID, now: datetime) -> None:
    """End every membership of an account that goes; the organizations are locked (Rule D6).

    Invitations it sent, or was sent, end as well. Places in projects and API keys hang on the membership, so
    the database takes them along. A last owner is refused by the check.
    """
    sql.run("UPDATE tenancy_organization SET contact_id = NULL WHERE contact_id = %s", [account_id])
    crash_point("tenancy.contacts_forgotten")
    endings.end_all_about(account_id=account_id, now=now)
    crash_point("tenancy.invitations_ended")
    sql.run("DELETE FROM tenancy_organizationmembership WHERE account_id = %s", [account_id])


@transaction_required
def place_in_project(
    *, membership: OrganizationMembership, project_id: UUID, role: Role, now: datetime
) -> None:
    """Give a member a place in a project, or another role there."""
    ProjectMembership.objects.update_or_create(
        member=membership,
        project_id=project_id,
        defaults={"role": role},
        create_defaults={"role": role, "joined_at": now},
    )


@transaction_required
def take_from_project(*, project_id: UUID, account_id: UUID) -> None:
    """Take a member out of a project.

    Raises:
        MemberNotFound: they have no place in it.
    """
    gone = sql.run(
        "DELETE FROM tenancy_projectmembership WHERE project_id = %s AND member_id IN"
        " (SELECT id FROM tenancy_organizationmembership WHERE account_id = %s)",
        [project_id, account_id],
    )
    if not gone:
        raise MemberNotFound


@transaction_required
def make_owner(*, organization_id: UUID, account_id: UUID, now: datetime) -> None:
    """Make an account an owner, whatever it was there before, and unlock the organization (Rule L2).

    For what nobody in the organization asks for: replaying the ledger, and an operator's word.
    """
    OrganizationMembership.objects.update_or_create(
        organization_id=organization_id,
        account_id=account_id,
        defaults={"role": Role.OWNER},
        create_defaults={"role": Role.OWNER, "joined_at": now},
    )
    Organization.objects.filter(id=organization_id).update(locked_at=None)


@transaction_required
def unmake_owner(*, organization_id: UUID, account_id: UUID) -> None:
    """Make an owner a member (Rule L2); the database refuses it for the last one."""
    OrganizationMembership.objects.filter(organization_id=organization_id, account_id=account_id).update(
        role=Role.MEMBER
    )


@transaction_required
def destroy(*, organization_id: UUID, now: datetime) -> None:
    """Destroy an organization with all that hangs on it."""
    occupancy.let_go(organization_id=organization_id, now=now)
    endings.prepare_to_go(Invitation.objects.filter(organization_id=organization_id))
    sql.run("DELETE FROM tenancy_organization WHERE id = %s", [organization_id])


def _owe_line(kind: Kind, organization_id: UUID, account_id: UUID, now: datetime) -> None:
    """Let the ledger know: a restored database must hand over again before it erases again (Rule L2)."""
    body = {"organization": str(organization_id), "account": str(account_id)}
    owe_line(kind=kind, body=body, now=now)


def _lock_membership(organization_id: UUID, account_id: UUID) -> OrganizationMembership:
    lock_organization(organization_id)
    membership = OrganizationMembership.objects.filter(
        organization_id=organization_id, account_id=account_id
    ).first()
    if membership is None:
        raise MemberNotFound
    return membership


def _refuse_last_owner(membership: OrganizationMembership) -> None:
    # A statement of its own, after the lock: see Note [Locking owners].
    is_last = Organization.objects.filter(id=membership.organization_id, owner_count=1)
    if is_last.exists():
        raise LastOwner
