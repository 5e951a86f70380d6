"""What keeps somebody from leaving (Rules D2, O5)."""

from uuid import UUID

from django.db.models import Count
from django.urls import reverse

from adieu.core.keeping import Blocker, Remedy, Subject
from adieu.kit import sql
from adieu.tenancy.models import Organization, Role

SOLE_ORGANIZATION_OWNER = "sole_organization_owner"
MAKE_OWNER = "Make someone else owner"

OWNED_ALONE = """
    SELECT organization.id FROM tenancy_organizationmembership membership
    JOIN tenancy_organization organization ON organization.id = membership.organization_id
    WHERE membership.account_id = %s AND membership.role = %s AND organization.owner_count = 1
"""


def owned_alone(*, account_id: UUID) -> list[UUID]:
    """List the organizations that the account alone owns."""
    return [sql.as_id(id_) for (id_,) in sql.rows(OWNED_ALONE, [account_id, Role.OWNER.value])]


def of_account(*, account_id: UUID) -> list[Blocker]:
    """Name every organization that the account alone owns, by name."""
    alone = owned_alone(account_id=account_id)
    # Nearly always nobody is in the way, and the names need not be read.
    if not alone:
        return []
    organizations = Organization.objects.filter(id__in=alone).annotate(member_count=Count("memberships"))
    return [_blocker(organization) for organization in organizations.order_by("name", "id")]


def in_organization(*, account_id: UUID, organization_id: UUID) -> list[Blocker]:
    """Name what keeps the account in one organization."""
    return [
        blocker for blocker in of_account(account_id=account_id) if blocker.subject.id == str(organization_id)
    ]


def _blocker(organization: Organization) -> Blocker:
    return Blocker(
        code=SOLE_ORGANIZATION_OWNER,
        subject=Subject("organization", str(organization.id), organization.name),
        remedies=tuple(_remedies(organization)),
    )


def _remedies(organization: Organization) -> list[Remedy]:
    delete = Remedy("Delete organization", reverse("organization_delete", args=[organization.id]))
    # Whoever is the only member is never told to promote another.
    if organization.member_count == 1:  # type: ignore[attr-defined]
        return [delete]
    members = reverse("organization_members", args=[organization.id])
    return [Remedy(MAKE_OWNER, members), delete]
