"""What keeps somebody from leaving (Rules D2, O5)."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count
from django.urls import reverse

from adieu.core.keeping import Blocker, Remedy, Subject
from adieu.kit import sql
from adieu.tenancy.models import Organization, OrganizationMembership, Role
from adieu.tenancy.occupancy import occupied_projects

SOLE_ORGANIZATION_OWNER = "sole_organization_owner"
SOLE_PROJECT_OWNER = "sole_project_owner_with_clusters"
MAKE_OWNER = "Make someone else owner"
MAKE_PROJECT_OWNER = "Make someone else project owner"

OWNED_ALONE = """
    SELECT organization.id FROM tenancy_organizationmembership membership
    JOIN tenancy_organization organization ON organization.id = membership.organization_id
    WHERE membership.account_id = %s AND membership.role = %s AND organization.owner_count = 1
"""
# The occupied projects are few, and most people own none: they are looked at last.
PROJECTS_OWNED_ALONE = """
    SELECT project.id, project.name, project.organization_id FROM tenancy_organizationmembership membership
    JOIN tenancy_projectmembership place ON place.member_id = membership.id
    JOIN tenancy_project project ON project.id = place.project_id
    WHERE membership.account_id = %s AND place.role = 'owner' AND NOT EXISTS (
        SELECT 1 FROM tenancy_projectmembership other
        WHERE other.project_id = place.project_id AND other.role = 'owner' AND other.id <> place.id)
    AND project.id IN ({occupied}) ORDER BY project.name, project.id
"""


@dataclass(frozen=True)
class LoneProject:
    """A project with clusters that has one listed owner."""

    id: UUID
    name: str
    organization_id: UUID


def owned_alone(*, account_id: UUID) -> list[UUID]:
    """List the organizations that the account alone owns."""
    return [sql.as_id(id_) for (id_,) in sql.rows(OWNED_ALONE, [account_id, Role.OWNER.value])]


def projects_owned_alone(*, account_id: UUID) -> list[LoneProject]:
    """List the projects with clusters of which the account is the only listed owner, by name."""
    rows = sql.rows(PROJECTS_OWNED_ALONE.format(occupied=occupied_projects()), [account_id])
    return [LoneProject(sql.as_id(id_), name, sql.as_id(within)) for id_, name, within in rows]


def of_account(*, account_id: UUID) -> list[Blocker]:
    """Name every project with clusters, and every organization, that the account alone owns, by name.

    Projects come first: an organization can only be deleted when none of its projects has clusters.
    """
    return [
        *_of_projects(projects_owned_alone(account_id=account_id)),
        *(_of_organization(each) for each in _organizations(owned_alone(account_id=account_id))),
    ]


def in_organization(*, account_id: UUID, organization_id: UUID) -> list[Blocker]:
    """Name what keeps the account in one organization."""
    alone = {organization_id} & set(owned_alone(account_id=account_id))
    projects = projects_owned_alone(account_id=account_id)
    return [
        *_of_projects([project for project in projects if project.organization_id == organization_id]),
        *(_of_organization(each) for each in _organizations(list(alone))),
    ]


def _organizations(ids: list[UUID]) -> list[Organization]:
    # Nearly always nobody is in the way, and the names need not be read.
    if not ids:
        return []
    counted = Organization.objects.filter(id__in=ids).annotate(member_count=Count("memberships"))
    return list(counted.order_by("name", "id"))


def _of_organization(organization: Organization) -> Blocker:
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


def _of_projects(projects: list[LoneProject]) -> list[Blocker]:
    if not projects:
        return []
    within = {project.organization_id for project in projects}
    memberships = OrganizationMembership.objects.filter(organization_id__in=within)
    counts = dict(memberships.values_list("organization_id").annotate(Count("id")).order_by())
    return [_of_project(project, has_others=counts[project.organization_id] > 1) for project in projects]


def _of_project(project: LoneProject, *, has_others: bool) -> Blocker:
    hand_over = Remedy(MAKE_PROJECT_OWNER, reverse("project", args=[project.id]))
    delete = Remedy("Delete its clusters", reverse("project_clusters", args=[project.id]))
    return Blocker(
        code=SOLE_PROJECT_OWNER,
        subject=Subject("project", str(project.id), project.name),
        remedies=(hand_over, delete) if has_others else (delete,),
    )
