"""Who may do what: the table, and the one place that asks it (Rule O1)."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from adieu.kit.errors import Fact
from adieu.tenancy.models import Organization, OrganizationMembership, Project, ProjectMembership, Role
from adieu.tenancy.reach import is_within_reach


class OrganizationNotFound(Fact):
    """There is no such organization."""


class ProjectNotFound(Fact):
    """There is no such project."""


class NotAllowed(Fact):
    """Your role does not allow this."""


class Place(StrEnum):
    """Where somebody stands: in the organization, or in one of its projects."""

    ORGANIZATION_OWNER = "organization owner"
    PROJECT_OWNER = "project owner"
    PROJECT_MEMBER = "project member"
    ORGANIZATION_MEMBER = "organization member"


class Permission(StrEnum):
    """What somebody may do, in the words of the reference."""

    MANAGE_ORGANIZATION = "rename or delete the organization, change its information, see activities"
    MANAGE_MEMBERS = "invite with any role, change or remove organization members"
    INVITE_MEMBERS = "invite organization members as member"
    MANAGE_PROJECTS = "create, rename, delete projects"
    MANAGE_PROJECT_MEMBERS = "manage project members"
    MANAGE_CLUSTERS = "create, suspend, resume, delete clusters"
    USE_CLUSTERS = "see clusters, connect, read and write data"
    SEE_ORGANIZATION = "see organization settings, leave"


OWNER_ONLY = frozenset({Place.ORGANIZATION_OWNER})
PROJECT_OWNERS = frozenset({Place.ORGANIZATION_OWNER, Place.PROJECT_OWNER})
EVERYBODY = frozenset(Place)

TABLE: dict[Permission, frozenset[Place]] = {
    Permission.MANAGE_ORGANIZATION: OWNER_ONLY,
    Permission.MANAGE_MEMBERS: OWNER_ONLY,
    Permission.INVITE_MEMBERS: OWNER_ONLY | {Place.ORGANIZATION_MEMBER},
    Permission.MANAGE_PROJECTS: OWNER_ONLY,
    Permission.MANAGE_PROJECT_MEMBERS: PROJECT_OWNERS,
    Permission.MANAGE_CLUSTERS: PROJECT_OWNERS,
    Permission.USE_CLUSTERS: PROJECT_OWNERS | {Place.PROJECT_MEMBER},
    Permission.SEE_ORGANIZATION: EVERYBODY,
}

# What is left of them in an organization that waits for an operator to name an owner (Rule L2).
WHILE_LOCKED = frozenset({Permission.SEE_ORGANIZATION})


@dataclass(frozen=True)
class Standing:
    """An account's membership in an organization, and all the places that come with it."""

    membership: OrganizationMembership
    places: frozenset[Place]

    def may(self, permission: Permission) -> bool:
        """Whether one of the places allows it."""
        if self.membership.organization.locked_at and permission not in WHILE_LOCKED:
            return False
        return bool(self.places & TABLE[permission])


def standing_in(*, organization_id: UUID, account_id: UUID) -> Standing:
    """Tell where an account stands in an organization.

    Raises:
        OrganizationNotFound: it does not exist, or the account is a stranger to it: both read the same.
    """
    membership = (
        OrganizationMembership.objects.filter(organization_id=organization_id, account_id=account_id)
        .select_related("organization")
        .first()
    )
    if membership is None or not is_within_reach(organization_id):
        raise OrganizationNotFound
    return Standing(membership, frozenset({_place_in_organization(membership)}))


def standing_in_project(*, project_id: UUID, account_id: UUID) -> tuple[Project, Standing]:
    """Tell where an account stands in a project.

    Raises:
        ProjectNotFound: it does not exist, or the account has no place that lets it see the project.
    """
    project = Project.objects.select_related("organization").filter(id=project_id).first()
    if project is None:
        raise ProjectNotFound
    try:
        inside = standing_in(organization_id=project.organization_id, account_id=account_id)
    except OrganizationNotFound as stranger:
        raise ProjectNotFound from stranger
    places = inside.places | _places_in_project(project_id, inside.membership)
    if not places & TABLE[Permission.USE_CLUSTERS]:
        raise ProjectNotFound
    return project, Standing(inside.membership, places)


def require(*, permission: Permission, organization_id: UUID, account_id: UUID) -> Organization:
    """Give the organization to an account that may do something in it.

    Raises:
        OrganizationNotFound: the account is a stranger to it.
        NotAllowed: its role does not allow this.
    """
    standing = standing_in(organization_id=organization_id, account_id=account_id)
    if not standing.may(permission):
        raise NotAllowed
    return standing.membership.organization


def require_in_project(*, permission: Permission, project_id: UUID, account_id: UUID) -> Project:
    """Give the project to an account that may do something in it.

    Raises:
        ProjectNotFound: the account cannot see it.
        NotAllowed: its role does not allow this.
    """
    project, standing = standing_in_project(project_id=project_id, account_id=account_id)
    if not standing.may(permission):
        raise NotAllowed
    return project


def _place_in_organization(membership: OrganizationMembership) -> Place:
    return Place.ORGANIZATION_OWNER if membership.role == Role.OWNER else Place.ORGANIZATION_MEMBER


def _places_in_project(project_id: UUID, membership: OrganizationMembership) -> set[Place]:
    roles = ProjectMembership.objects.filter(project_id=project_id, member=membership).values_list(
        "role", flat=True
    )
    return {Place.PROJECT_OWNER if role == Role.OWNER else Place.PROJECT_MEMBER for role in roles}
