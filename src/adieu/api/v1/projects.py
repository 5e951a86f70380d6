"""`/api/v1/organizations/{id}/projects` and `/api/v1/projects…` (Rules O1, O4, O7)."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Status

from adieu.api.v1.paging import Paging, page_of
from adieu.api.v1.schemas_organizations import (
    CONFLICTING,
    REFUSED,
    MemberIn,
    MemberOut,
    MembersOut,
    NameIn,
    ProjectOut,
    ProjectsOut,
    RoleIn,
)
from adieu.kit.who import account_id_of
from adieu.tenancy import projects, queries, rosters
from adieu.tenancy.queries import ProjectSummary
from adieu.tenancy.rosters import Member

organization_router = Router(tags=["projects"])
router = Router(tags=["projects"])


@organization_router.get("/{organization_id}/projects", response={200: ProjectsOut, **REFUSED})
def show_all(request: HttpRequest, organization_id: UUID, paging: Query[Paging]) -> dict[str, Any]:
    """List the projects you may see, by name."""
    return page_of(
        queries.project_rows(organization_id=organization_id, account_id=account_id_of(request)),
        of=f"projects {organization_id}",
        by=("name", "id"),
        paging=paging,
        show=queries.summarized,
    )


@organization_router.post("/{organization_id}/projects", response={201: ProjectOut, **CONFLICTING})
def create(request: HttpRequest, organization_id: UUID, body: NameIn) -> Status[object]:
    """Create a project. You become its owner."""
    project_id = projects.create_project(
        organization_id=organization_id,
        account_id=account_id_of(request),
        name=body.name,
        now=timezone.now(),
    )
    return Status(201, _project(request, project_id))


@router.get("/{project_id}", response={200: ProjectOut, **REFUSED})
def show(request: HttpRequest, project_id: UUID) -> ProjectSummary:
    """Show a project."""
    return _project(request, project_id)


@router.patch("/{project_id}", response={200: ProjectOut, **CONFLICTING})
def rename(request: HttpRequest, project_id: UUID, body: NameIn) -> ProjectSummary:
    """Rename a project; the default project keeps its name."""
    projects.rename_project(
        project_id=project_id, account_id=account_id_of(request), name=body.name, now=timezone.now()
    )
    return _project(request, project_id)


@router.delete("/{project_id}", response={204: None, **CONFLICTING})
def delete(request: HttpRequest, project_id: UUID, body: NameIn) -> Status[None]:
    """Delete a project for good; `name` is its name, typed. The default project stays."""
    projects.delete_project(
        project_id=project_id, account_id=account_id_of(request), typed_name=body.name, now=timezone.now()
    )
    return Status(204, None)


@router.get("/{project_id}/members", response={200: MembersOut, **REFUSED})
def members(request: HttpRequest, project_id: UUID, paging: Query[Paging]) -> dict[str, Any]:
    """List who has a place in a project."""
    return page_of(
        rosters.project_membership_rows(project_id=project_id, account_id=account_id_of(request)),
        of=f"project members {project_id}",
        by=("joined_at", "id"),
        paging=paging,
        show=rosters.named_in_project,
    )


@router.post("/{project_id}/members", response={201: MemberOut, **CONFLICTING})
def add_member(request: HttpRequest, project_id: UUID, body: MemberIn) -> Status[object]:
    """Give a member of the organization a place in a project."""
    projects.add_member(
        project_id=project_id,
        account_id=account_id_of(request),
        member_id=body.account_id,
        role=body.role,
        now=timezone.now(),
    )
    return Status(201, _member(request, project_id, body.account_id))


@router.patch("/{project_id}/members/{account_id}", response={200: MemberOut, **CONFLICTING})
def change_role(request: HttpRequest, project_id: UUID, account_id: UUID, body: RoleIn) -> Member:
    """Give a member of a project another role in it."""
    projects.change_member_role(
        project_id=project_id,
        account_id=account_id_of(request),
        member_id=account_id,
        role=body.role,
        now=timezone.now(),
    )
    return _member(request, project_id, account_id)


@router.delete("/{project_id}/members/{account_id}", response={204: None, **CONFLICTING})
def remove_member(request: HttpRequest, project_id: UUID, account_id: UUID) -> Status[None]:
    """Take a member out of a project; they stay in the organization."""
    projects.remove_member(
        project_id=project_id,
        account_id=account_id_of(request),
        member_id=account_id,
        now=timezone.now(),
    )
    return Status(204, None)


def _project(request: HttpRequest, project_id: UUID) -> ProjectSummary:
    return queries.project(project_id=project_id, account_id=account_id_of(request))


def _member(request: HttpRequest, project_id: UUID, member_id: UUID) -> Member:
    return rosters.project_member_of(
        project_id=project_id, account_id=account_id_of(request), member_id=member_id
    )
