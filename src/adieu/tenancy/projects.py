"""Creating, renaming and deleting projects, and who belongs to them (Rules O1, O4, O7)."""

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError

from adieu.activities.kinds import Kind
from adieu.activities.operations import record
from adieu.core.names import clean_name
from adieu.kit import sql
from adieu.kit.errors import Fact
from adieu.kit.transactions import savepoint, transaction
from adieu.tenancy import blockers, endings, ownership
from adieu.tenancy.models import Invitation, OrganizationMembership, Project, ProjectMembership, Role
from adieu.tenancy.occupancy import is_occupied
from adieu.tenancy.ownership import AlreadyMember, MemberNotFound
from adieu.tenancy.permissions import Permission, standing_in

MOST_PROJECTS = 100


class ProjectNameTaken(Fact):
    """This organization has a project of that name already."""


class TooManyProjects(Fact):
    """An organization has at most 100 projects."""


class DefaultProjectStays(Fact):
    """The default project can be neither deleted nor renamed."""


class ProjectHasClusters(Fact):
    """This project has clusters. Delete them first."""


class LastProjectOwner(Fact):
    """A project with clusters keeps at least one owner. Make someone else owner first."""


class ProjectNameDoesNotMatch(Fact):
    """The name you typed is not the name of the project."""


@transaction
def create_project(*, organization_id: UUID, account_id: UUID, name: str, now: datetime) -> UUID:
    """Create a project; whoever creates it is its listed owner (Rule O5).

    Raises:
        OrganizationNotFound, NotAllowed: the account may not.
        NameNotAllowed, ProjectNameTaken: the name is not fit, or is in use.
        TooManyProjects: there are 100.
    """
    ownership.lock_for(
        permission=Permission.MANAGE_PROJECTS, organization_id=organization_id, account_id=account_id
    )
    if Project.objects.filter(organization_id=organization_id).count() >= MOST_PROJECTS:
        raise TooManyProjects
    project = Project(organization_id=organization_id, name=clean_name(name), created_at=now)
    _save_named(project)
    creator = standing_in(organization_id=organization_id, account_id=account_id).membership
    ownership.place_in_project(membership=creator, project_id=project.id, role=Role.OWNER, now=now)
    _record(Kind.PROJECT_CREATED, project, account_id, now)
    return project.id


@transaction
def rename_project(*, project_id: UUID, account_id: UUID, name: str, now: datetime) -> None:
    """Give a project another name.

    Raises:
        ProjectNotFound, NotAllowed: the account may not.
        DefaultProjectStays: it is the default project.
        NameNotAllowed, ProjectNameTaken: the name is not fit, or is in use.
    """
    project = ownership.lock_project_for(
        permission=Permission.MANAGE_PROJECTS, project_id=project_id, account_id=account_id
    )
    if project.is_default:
        raise DefaultProjectStays
    project.name = clean_name(name)
    _save_named(project)
    _record(Kind.PROJECT_RENAMED, project, account_id, now)


@transaction
def delete_project(*, project_id: UUID, account_id: UUID, typed_name: str, now: datetime) -> None:
    """Delete a project whose name was typed.

    Raises:
        ProjectNotFound, NotAllowed: the account may not.
        DefaultProjectStays: it is the default project.
        ProjectNameDoesNotMatch: the typed name is another.
        ProjectHasClusters: it holds some that nobody has deleted (Rule O7).
    """
    project = ownership.lock_project_for(
        permission=Permission.MANAGE_PROJECTS, project_id=project_id, account_id=account_id
    )
    if project.is_default:
        raise DefaultProjectStays
    if typed_name.strip() != project.name:
        raise ProjectNameDoesNotMatch
    if is_occupied(project_id=project_id):
        raise ProjectHasClusters
    _record(Kind.PROJECT_DELETED, project, account_id, now)
    endings.prepare_to_go(Invitation.objects.filter(project_id=project_id))
    sql.run("DELETE FROM tenancy_project WHERE id = %s", [project_id])


@transaction
def add_member(*, project_id: UUID, account_id: UUID, member_id: UUID, role: Role, now: datetime) -> None:
    """Give an organization's member a place in a project.

    Raises:
        ProjectNotFound, NotAllowed: the account may not.
        MemberNotFound: there is no such member in the organization.
        AlreadyMember: they have a place in it.
    """
    project = ownership.lock_project_for(
        permission=Permission.MANAGE_PROJECT_MEMBERS, project_id=project_id, account_id=account_id
    )
    member = OrganizationMembership.objects.filter(
        organization_id=project.organization_id, account_id=member_id
    ).first()
    if member is None:
        raise MemberNotFound
    if member.projects.filter(project_id=project_id).exists():
        raise AlreadyMember
    ownership.place_in_project(membership=member, project_id=project_id, role=role, now=now)
    _record(Kind.PROJECT_MEMBER_ADDED, project, account_id, now)


@transaction
def change_member_role(
    *, project_id: UUID, account_id: UUID, member_id: UUID, role: Role, now: datetime
) -> None:
    """Give a member of a project another role in it.

    Raises:
        ProjectNotFound, NotAllowed: the account may not.
        MemberNotFound: they have no place in it.
        LastProjectOwner: they are the only owner of a project with clusters.
    """
    project = ownership.lock_project_for(
        permission=Permission.MANAGE_PROJECT_MEMBERS, project_id=project_id, account_id=account_id
    )
    place = ProjectMembership.objects.filter(project_id=project_id, member__account_id=member_id)
    found = place.select_related("member").first()
    if found is None:
        raise MemberNotFound
    if found.role != role:
        _refuse_last_owner(project_id, member_id)
        ownership.place_in_project(membership=found.member, project_id=project_id, role=role, now=now)
        _record(Kind.PROJECT_MEMBER_ROLE_CHANGED, project, account_id, now)


@transaction
def remove_member(*, project_id: UUID, account_id: UUID, member_id: UUID, now: datetime) -> None:
    """Take a member out of a project.

    Raises:
        ProjectNotFound, NotAllowed: the account may not.
        MemberNotFound: they have no place in it.
        LastProjectOwner: they are the only owner of a project with clusters.
    """
    project = ownership.lock_project_for(
        permission=Permission.MANAGE_PROJECT_MEMBERS, project_id=project_id, account_id=account_id
    )
    _refuse_last_owner(project_id, member_id)
    ownership.take_from_project(project_id=project_id, account_id=member_id)
    _record(Kind.PROJECT_MEMBER_REMOVED, project, account_id, now)


def _refuse_last_owner(project_id: UUID, member_id: UUID) -> None:
    """Keep a project with clusters from being left behind, as leaving would (Rule D2)."""
    alone = blockers.projects_owned_alone(account_id=member_id)
    if any(project.id == project_id for project in alone):
        raise LastProjectOwner


def _save_named(project: Project) -> None:
    try:
        # The savepoint keeps the transaction usable; the unique index decides between two at once.
        with savepoint():
            project.save()
    except IntegrityError as error:
        if "project_name_unique" in str(error) or "tenancy_project.name" in str(error):
            raise ProjectNameTaken from error
        raise


def _record(kind: Kind, project: Project, actor_id: UUID, now: datetime) -> None:
    record(
        organization_id=project.organization_id,
        kind=kind,
        actor_id=actor_id,
        subject_kind="project",
        subject_id=str(project.id),
        subject_name=project.name,
        now=now,
    )
