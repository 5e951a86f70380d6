"""`/v2/projects…` (Rules O1, O4, O7)."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router

from adieu.api.v2 import ids
from adieu.api.v2.caller import caller_of, who_and_where
from adieu.api.v2.envelope import answer
from adieu.api.v2.schemas import ProjectIn
from adieu.api.v2.showing import project_as_json
from adieu.clusters.queries import counts_within
from adieu.tenancy import projects, queries
from adieu.tenancy.permissions import ProjectNotFound
from adieu.tenancy.queries import ProjectSummary

router = Router()


@router.get("/projects")
def show_all(request: HttpRequest) -> dict[str, Any]:
    """List the projects that the key's owner may see."""
    found = queries.projects_of(**who_and_where(request))
    counts = counts_within(**who_and_where(request))
    return answer([project_as_json(project, cluster_count=counts[project.id]) for project in found])


@router.post("/projects")
def create(request: HttpRequest, body: ProjectIn) -> dict[str, Any]:
    """Create a project; its plan is not looked at, for there is one."""
    project_id = projects.create_project(**who_and_where(request), name=body.project_name, now=timezone.now())
    return answer({"projectId": ids.PROJECT.write(project_id)})


@router.get("/projects/{project_id}")
def show(request: HttpRequest, project_id: str) -> dict[str, Any]:
    """Show a project."""
    found = project_behind(request, project_id)
    counts = counts_within(**who_and_where(request))
    return answer(project_as_json(found, cluster_count=counts[found.id]))


@router.delete("/projects/{project_id}")
def delete(request: HttpRequest, project_id: str) -> dict[str, Any]:
    """Delete a project for good.

    The operation wants the name, typed. These clients send none, so it gets the project's own: whoever calls
    has named the project by its id.
    """
    found = project_behind(request, project_id)
    projects.delete_project(
        project_id=found.id,
        account_id=caller_of(request).account_id,
        typed_name=found.name,
        now=timezone.now(),
    )
    return answer("ok")


def project_behind(request: HttpRequest, project_id: str) -> ProjectSummary:
    """Give the project that a client means.

    Raises:
        ProjectNotFound: there is none that the caller may see.
    """
    found = id_behind(request, project_id)
    return queries.project(project_id=found, account_id=caller_of(request).account_id)


def id_behind(request: HttpRequest, project_id: str) -> UUID:
    """Give our own id of the project that a client means.

    Raises:
        ProjectNotFound: there is none that the caller may see.
    """
    rows = queries.project_rows(**who_and_where(request))
    return ids.find(project_id, ids.PROJECT, among=rows, otherwise=ProjectNotFound)
