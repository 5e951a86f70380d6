"""Projects: list, create, rename, delete (Rules O4, O7)."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from adieu.console.projects import pages
from adieu.console.projects.forms import DeleteForm, ProjectForm
from adieu.console.within import within_organization
from adieu.core.keeping import Going
from adieu.kit.who import account_id_of
from adieu.tenancy import permissions, queries
from adieu.tenancy import projects as operations
from adieu.tenancy.permissions import Permission, ProjectNotFound


@within_organization
@require_GET
def projects(request: HttpRequest, organization_id: UUID) -> HttpResponse:
    """List the projects that the account may see."""
    account_id = account_id_of(request)
    standing = permissions.standing_in(organization_id=organization_id, account_id=account_id)
    context = {
        "organization": queries.organization(organization_id=organization_id, account_id=account_id),
        "projects": queries.projects_of(organization_id=organization_id, account_id=account_id),
        "can_manage": standing.may(Permission.MANAGE_PROJECTS),
        "place": "projects",
    }
    return render(request, "console/projects/list.html", context)


@within_organization
@require_http_methods(["GET", "HEAD", "POST"])
def create(request: HttpRequest, organization_id: UUID) -> HttpResponse:
    """Create a project and show it."""
    account_id = account_id_of(request)
    permissions.require(
        permission=Permission.MANAGE_PROJECTS, organization_id=organization_id, account_id=account_id
    )
    form = ProjectForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            project_id = operations.create_project(
                organization_id=organization_id,
                account_id=account_id,
                name=form.cleaned_data["name"],
                now=timezone.now(),
            )
        except operations.ProjectNameTaken as refusal:
            form.add_error("name", str(refusal))
        except operations.TooManyProjects as refusal:
            form.add_error(None, str(refusal))
        else:
            return redirect("project", project_id)
    organization = queries.organization(organization_id=organization_id, account_id=account_id)
    context = {"organization": organization, "form": form, "place": "projects"}
    return render(request, "console/projects/create.html", context, status=_status(form))


@within_organization
@require_http_methods(["GET", "HEAD", "POST"])
def project(request: HttpRequest, project_id: UUID) -> HttpResponse:
    """Show a project with its members; on POST, rename it."""
    if request.method != "POST":
        return pages.show(request, project_id)
    permissions.require_in_project(
        permission=Permission.MANAGE_PROJECTS, project_id=project_id, account_id=account_id_of(request)
    )
    form = ProjectForm(request.POST)
    if not form.is_valid() or not _is_renamed(request, project_id, form):
        return pages.show(request, project_id, rename_form=form)
    messages.success(request, "The project has its new name.")
    return redirect("project", project_id)


@within_organization
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, project_id: UUID) -> HttpResponse:
    """Delete a project whose name was typed (Rule O7)."""
    account_id = account_id_of(request)
    permissions.require_in_project(
        permission=Permission.MANAGE_PROJECTS, project_id=project_id, account_id=account_id
    )
    project = queries.project(project_id=project_id, account_id=account_id)
    if project.is_default:
        messages.error(request, str(operations.DefaultProjectStays()))
        return redirect("project", project_id)
    form = DeleteForm(name=project.name, data=request.POST if request.method == "POST" else None)
    if form.is_valid() and _is_deleted(request, project_id, form):
        messages.success(request, f"The project “{project.name}” is deleted.")
        return redirect("organization_projects", project.organization_id)
    organization = queries.organization(organization_id=project.organization_id, account_id=account_id)
    context: dict[str, Any] = {
        "organization": organization,
        "project": project,
        "form": form,
        "goes": [
            Going("project", "projects", 1),
            Going("membership in it", "memberships in it", project.member_count),
        ],
        "back": reverse("project", args=[project_id]),
        "place": "projects",
    }
    return render(request, "console/projects/delete.html", context, status=_status(form))


def _is_renamed(request: HttpRequest, project_id: UUID, form: ProjectForm) -> bool:
    try:
        operations.rename_project(
            project_id=project_id,
            account_id=account_id_of(request),
            name=form.cleaned_data["name"],
            now=timezone.now(),
        )
    except (operations.ProjectNameTaken, operations.DefaultProjectStays) as refusal:
        form.add_error("name", str(refusal))
        return False
    return True


def _is_deleted(request: HttpRequest, project_id: UUID, form: DeleteForm) -> bool:
    try:
        operations.delete_project(
            project_id=project_id,
            account_id=account_id_of(request),
            typed_name=form.cleaned_data["name"],
            now=timezone.now(),
        )
    except operations.ProjectNameDoesNotMatch as refusal:
        form.add_error("name", str(refusal))
        return False
    except operations.ProjectHasClusters as refusal:
        form.add_error(None, str(refusal))
        return False
    # Somebody else, or one's own other tab, was first: what was asked for is so.
    except ProjectNotFound:
        return True
    return True


def _status(form: ProjectForm | DeleteForm) -> HTTPStatus:
    return HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
