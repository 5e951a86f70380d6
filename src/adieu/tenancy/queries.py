"""Reading organizations and projects."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Prefetch, Q, QuerySet

from adieu.tenancy.models import Organization, OrganizationMembership, Project, Role
from adieu.tenancy.permissions import (
    OrganizationNotFound,
    Permission,
    require,
    require_in_project,
)
from adieu.tenancy.reach import reach


@dataclass(frozen=True)
class ProjectSummary:
    """A project as a list shows it to somebody who may see it."""

    id: UUID
    name: str
    is_default: bool
    organization_id: UUID
    member_count: int
    created_at: datetime


@dataclass(frozen=True)
class OrganizationName:
    """An organization as the frame of every page shows it."""

    id: UUID
    name: str
    role: Role

    @property
    def is_owner(self) -> bool:
        """Whether the member who looks owns it."""
        return self.role == Role.OWNER


@dataclass(frozen=True)
class OrganizationSummary:
    """An organization as one of its members sees it, with the projects that this member may see."""

    id: UUID
    name: str
    role: Role
    is_only_owner: bool
    member_count: int
    projects: tuple[ProjectSummary, ...]

    @property
    def is_owner(self) -> bool:
        """Whether the member who looks owns it."""
        return self.role == Role.OWNER


@dataclass(frozen=True)
class OrganizationDetails:
    """An organization as one of its members sees it, with what it says about itself."""

    id: UUID
    name: str
    role: Role
    member_count: int
    description: str
    website: str
    contact_id: UUID | None
    time_zone: str
    created_at: datetime
    is_locked: bool
    """Whether it waits for an operator to name an owner (Rule L2)."""


def organization_names_of(*, account_id: UUID) -> list[OrganizationName]:
    """Name the organizations an account belongs to, by name, in one statement."""
    mine = _memberships_of(account_id).order_by("organization__name", "organization_id")
    rows = mine.values_list("organization_id", "organization__name", "role")
    return [OrganizationName(id_, name, Role(role)) for id_, name, role in rows]


def organization_rows(*, account_id: UUID) -> QuerySet[Organization]:
    """Give the organizations an account belongs to as rows to page through; see `detailed`."""
    mine = _memberships_of(account_id)
    return Organization.objects.filter(id__in=mine.values("organization_id"))


def detailed(organizations: Iterable[Organization], *, account_id: UUID) -> list[OrganizationDetails]:
    """Tell what a member sees of each organization, in the order of the rows."""
    rows = list(organizations)
    memberships = OrganizationMembership.objects.filter(organization__in=rows)
    counts = dict(memberships.values_list("organization_id").annotate(Count("id")).order_by())
    roles = dict(memberships.filter(account_id=account_id).values_list("organization_id", "role"))
    # Whoever was removed between the statements sees nothing any more.
    return [_details(row, Role(roles[row.id]), counts[row.id]) for row in rows if row.id in roles]


def organizations_of(*, account_id: UUID) -> list[OrganizationSummary]:
    """List the organizations an account belongs to, by name."""
    return [
        _summary(membership) for membership in _memberships(account_id).order_by("organization__name", "id")
    ]


def organization(*, organization_id: UUID, account_id: UUID) -> OrganizationSummary:
    """Show one organization to one of its members.

    Raises:
        OrganizationNotFound: it does not exist, or the account is not a member.
    """
    membership = _memberships(account_id).filter(organization_id=organization_id).first()
    if membership is None:
        raise OrganizationNotFound
    return _summary(membership)


def details_of(*, organization_id: UUID, account_id: UUID) -> OrganizationDetails:
    """Show what an organization says about itself.

    Raises:
        OrganizationNotFound: it does not exist, or the account is not a member.
    """
    rows = organization_rows(account_id=account_id).filter(id=organization_id)
    found = detailed(rows, account_id=account_id)
    if not found:
        raise OrganizationNotFound
    return found[0]


def organizations_of_projects(project_ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """Tell in which organization each project is that is there."""
    return dict(Project.objects.filter(id__in=project_ids).values_list("id", "organization_id"))


def project_rows(*, organization_id: UUID, account_id: UUID) -> QuerySet[Project]:
    """Give the projects of an organization that the account may see, as rows to page through.

    Raises:
        OrganizationNotFound: it does not exist, or the account is not a member.
    """
    require(permission=Permission.SEE_ORGANIZATION, organization_id=organization_id, account_id=account_id)
    return _projects_seen_by(account_id).filter(organization_id=organization_id)


def projects_of(*, organization_id: UUID, account_id: UUID) -> list[ProjectSummary]:
    """List the projects of an organization that the account may see, the default one first, then by name.

    Raises:
        OrganizationNotFound: it does not exist, or the account is not a member.
    """
    return summarized(project_rows(organization_id=organization_id, account_id=account_id))


def summarized(projects: Iterable[Project]) -> list[ProjectSummary]:
    """Tell what a list shows of projects, in the order of the rows."""
    return [_project(project) for project in projects]


def project(*, project_id: UUID, account_id: UUID) -> ProjectSummary:
    """Show one project to somebody who may see it.

    Raises:
        ProjectNotFound: it does not exist, or the account may not see it.
    """
    found = require_in_project(
        permission=Permission.USE_CLUSTERS, project_id=project_id, account_id=account_id
    )
    return _project(_with_members(Project.objects.all()).get(id=found.id))


def _memberships_of(account_id: UUID) -> QuerySet[OrganizationMembership]:
    mine = OrganizationMembership.objects.filter(account_id=account_id)
    only = reach()
    # See Note [Reach].
    return mine if only is None else mine.filter(organization_id=only)


def _memberships(account_id: UUID) -> QuerySet[OrganizationMembership]:
    organizations = Organization.objects.annotate(member_count=Count("memberships")).prefetch_related(
        Prefetch("projects", _projects_seen_by(account_id))
    )
    return _memberships_of(account_id).prefetch_related(Prefetch("organization", organizations))


def _projects_seen_by(account_id: UUID) -> QuerySet[Project]:
    # Sub-queries, not joins: a join would count each member as often as it matches.
    mine = _memberships_of(account_id)
    may_see = Q(organization_id__in=mine.filter(role=Role.OWNER).values("organization_id"))
    may_see |= Q(id__in=mine.filter(projects__isnull=False).values("projects__project_id"))
    return _with_members(Project.objects.filter(may_see)).order_by("-is_default", "name", "id")


def _details(organization: Organization, role: Role, member_count: int) -> OrganizationDetails:
    return OrganizationDetails(
        id=organization.id,
        name=organization.name,
        role=role,
        member_count=member_count,
        description=organization.description,
        website=organization.website,
        contact_id=organization.contact_id,
        time_zone=organization.time_zone,
        created_at=organization.created_at,
        is_locked=organization.locked_at is not None,
    )


def _with_members(projects: QuerySet[Project]) -> QuerySet[Project]:
    return projects.annotate(member_count=Count("memberships"))


def _project(project: Project) -> ProjectSummary:
    return ProjectSummary(
        id=project.id,
        name=project.name,
        is_default=project.is_default,
        organization_id=project.organization_id,
        member_count=project.member_count,  # type: ignore[attr-defined]
        created_at=project.created_at,
    )


def _summary(membership: OrganizationMembership) -> OrganizationSummary:
    organization = membership.organization
    role = Role(membership.role)
    return OrganizationSummary(
        id=organization.id,
        name=organization.name,
        role=role,
        is_only_owner=role == Role.OWNER and organization.owner_count == 1,
        member_count=organization.member_count,  # type: ignore[attr-defined]
        projects=tuple(_project(project) for project in organization.projects.all()),
    )
