"""What keeps somebody from leaving (Rules D2, O5)."""

from uuid import UUID

from django.db.models import Count
from django.urls import reverse

from adieu.core.keeping import Blocker, Remedy, Subject
from adieu.tenancy.models import Organization, OrganizationMembership, Role

SOLE_ORGANIZATION_OWNER = "sole_organization_owner"
MAKE_OWNER = "Make someone else owner"


def of_account(*, account_id: UUID) -> list[Blocker]:
    """Name every organization that the account alone owns, by name."""
    alone = OrganizationMembership.objects.filter(
        account_id=account_id, role=Role.OWNER, organization__owner_count=1
    ).values("organization_id")
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
