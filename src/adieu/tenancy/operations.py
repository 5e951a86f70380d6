"""Creating, changing and deleting organizations."""

import uuid
from datetime import datetime
from uuid import UUID

from adieu.accounts.erasing import hold_account
from adieu.activities.kinds import Kind
from adieu.activities.operations import record
from adieu.core.names import clean_name
from adieu.kit.errors import Fact
from adieu.kit.transactions import transaction, transaction_required
from adieu.ledger.entries import Kind as Line
from adieu.ledger.owing import owe_line
from adieu.tenancy import notices, ownership
from adieu.tenancy.information import Information, clean_information
from adieu.tenancy.models import Organization, OrganizationMembership, Project, Role
from adieu.tenancy.occupancy import has_occupied
from adieu.tenancy.offers import has_offers
from adieu.tenancy.permissions import Permission
from adieu.tenancy.welcoming import mark_arrived

FIRST_ORGANIZATION = "My organization"
DEFAULT_PROJECT = "Default Project"


class NameDoesNotMatch(Fact):
    """The name you typed is not the name of the organization."""


class OrganizationHasClusters(Fact):
    """This organization has clusters. Delete them first."""


@transaction
def welcome(*, account_id: UUID, now: datetime) -> None:
    """Give an account its first organization, once, unless it is invited somewhere (Rule A3).

    Who accepts has arrived and gets none later; who declines gets one at the next sign-in. An account that
    went a moment ago gets none.
    """
    if has_offers(account_id=account_id, now=now) or not hold_account(account_id=account_id):
        return
    if mark_arrived(account_id=account_id, now=now):
        found(account_id=account_id, name=FIRST_ORGANIZATION, now=now)


@transaction
def create_organization(*, account_id: UUID, name: str, now: datetime) -> UUID:
    """Create an organization with its default project, owned by the account.

    Args:
        account_id: Who will own both.
        name: 1 to 64 visible characters.
        now: The present.

    Returns:
        The organization's id.

    Raises:
        NameNotAllowed: the name is empty, too long, or has invisible characters.
        AccountNotFound: the account went a moment ago.
    """
    return found(account_id=account_id, name=clean_name(name), now=now)


@transaction_required
def found(*, account_id: UUID, name: str, now: datetime) -> UUID:
    """Write an organization, its owner and its default project, in the caller's transaction."""
    organization_id = uuid.uuid4()
    # The membership comes first: see Note [Owners are counted].
    founder = ownership.begin(organization_id=organization_id, account_id=account_id, now=now)
    Organization.objects.create(id=organization_id, name=name, owner_count=1, created_at=now)
    project = Project.objects.create(
        organization_id=organization_id, name=DEFAULT_PROJECT, is_default=True, created_at=now
    )
    ownership.place_in_project(membership=founder, project_id=project.id, role=Role.OWNER, now=now)
    record(
        organization_id=organization_id,
        kind=Kind.ORGANIZATION_CREATED,
        actor_id=account_id,
        subject_kind="organization",
        subject_id=str(organization_id),
        subject_name=name,
        now=now,
    )
    return organization_id


@transaction
def change_organization(
    *, organization_id: UUID, account_id: UUID, information: Information, now: datetime
) -> None:
    """Change an organization's name and information.

    Args:
        organization_id: Which one.
        account_id: Who asks; must be allowed to.
        information: What it is from now on.
        now: The present.

    Raises:
        OrganizationNotFound, NotAllowed: the account may not.
        NameNotAllowed, TextNotAllowed, NotAWebsite, TimeZoneNotKnown, ContactNotAMember: nothing is changed.
    """
    if information.contact_id is not None:
        # First: see Note [Locking owners]. Whether the contact is a member is asked under the lock.
        hold_account(account_id=information.contact_id)
    organization = ownership.lock_for(
        permission=Permission.MANAGE_ORGANIZATION, organization_id=organization_id, account_id=account_id
    )
    fields = clean_information(information, organization_id=organization_id)
    is_renamed = fields["name"] != organization.name
    Organization.objects.filter(id=organization_id).update(**fields)
    record(
        organization_id=organization_id,
        kind=Kind.ORGANIZATION_RENAMED if is_renamed else Kind.ORGANIZATION_CHANGED,
        actor_id=account_id,
        subject_kind="organization",
        subject_id=str(organization_id),
        subject_name=fields["name"],
        now=now,
    )


@transaction
def delete_organization(*, organization_id: UUID, account_id: UUID, typed_name: str, now: datetime) -> None:
    """Delete an organization with its projects, memberships, invitations and settings (Rule O6).

    Args:
        organization_id: Which one.
        account_id: Who asks; must own it.
        typed_name: The organization's name, typed by that person.
        now: The present.

    Raises:
        OrganizationNotFound: it does not exist, or the account is a stranger to it, who learns nothing.
        NotAllowed: the account is a member without being an owner.
        NameDoesNotMatch: the typed name is another.
        OrganizationHasClusters: one of its projects holds some that nobody has deleted.
    """
    organization = ownership.lock_for(
        permission=Permission.MANAGE_ORGANIZATION, organization_id=organization_id, account_id=account_id
    )
    if typed_name.strip() != organization.name:
        raise NameDoesNotMatch
    if has_occupied(organization_id=organization_id):
        raise OrganizationHasClusters
    dissolve(organization, actor_id=account_id, untold_id=account_id, now=now)


@transaction_required
def dissolve(
    organization: Organization,
    *,
    actor_id: UUID | None,
    untold_id: UUID,
    now: datetime,
) -> None:
    """Destroy a locked organization: its members are told, it is recorded, and the ledger hears of it.

    Args:
        organization: Which one.
        actor_id: Who does it; None for an operator.
        untold_id: Who need not be told.
        now: The present.
    """
    members = OrganizationMembership.objects.filter(organization=organization).exclude(account_id=untold_id)
    for member_id in members.values_list("account_id", flat=True):
        notices.owe_organization_deleted(
            account_id=member_id, name=organization.name, is_by_operator=actor_id is None, now=now
        )
    record(
        organization_id=organization.id,
        kind=Kind.ORGANIZATION_DELETED,
        actor_id=actor_id,
        subject_kind="organization",
        subject_id=str(organization.id),
        subject_name=organization.name,
        now=now,
    )
    ownership.destroy(organization_id=organization.id, now=now)
    owe_line(kind=Line.ORGANIZATION_DELETED, body={"organization": str(organization.id)}, now=now)
