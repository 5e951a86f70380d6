"""Reading organizations and projects."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Prefetch, QuerySet

from adieu.tenancy.models import Organization, OrganizationMembership, Project, Role
from adieu.tenancy.permissions import OrganizationNotFound


@dataclass(frozen=True)
class ProjectSummary:
    """A project as a list shows it."""

    id: UUID
    name: str
    is_default: bool


@dataclass(frozen=True)
class OrganizationSummary:
    """An organization as one of its members sees it."""

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


def _memberships(account_id: UUID) -> QuerySet[OrganizationMembership]:
    organizations = Organization.objects.annotate(member_count=Count("memberships")).prefetch_related(
        Prefetch("projects", Project.objects.order_by("-is_default", "name"))
    )
    return OrganizationMembership.objects.filter(account_id=account_id).prefetch_related(
        Prefetch("organization", organizations)
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
        projects=tuple(
            ProjectSummary(id=project.id, name=project.name, is_default=project.is_default)
            for project in organization.projects.all()
        ),
    )
