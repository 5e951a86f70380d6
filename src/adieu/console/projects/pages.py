"""The page of a project, as the several views that end on it show it."""

from http import HTTPStatus
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from adieu.console.projects.forms import AddForm, ProjectForm
from adieu.kit.who import account_id_of
from adieu.tenancy import permissions, queries, rosters
from adieu.tenancy.permissions import Permission
from adieu.tenancy.rosters import Member


def show(
    request: HttpRequest,
    project_id: UUID,
    *,
    rename_form: ProjectForm | None = None,
    add_form: AddForm | None = None,
) -> HttpResponse:
    """Show a project to somebody who may see it, with what they may do."""
    account_id = account_id_of(request)
    project = queries.project(project_id=project_id, account_id=account_id)
    _, standing = permissions.standing_in_project(project_id=project_id, account_id=account_id)
    candidates = candidates_for(project_id, account_id)
    context = {
        "organization": queries.organization(organization_id=project.organization_id, account_id=account_id),
        "project": project,
        "members": rosters.project_members_of(project_id=project_id, account_id=account_id),
        "account_id": account_id,
        "can_manage": standing.may(Permission.MANAGE_PROJECTS),
        "can_manage_members": standing.may(Permission.MANAGE_PROJECT_MEMBERS),
        "form": rename_form or ProjectForm(initial={"name": project.name}),
        "add_form": add_form or AddForm(members=candidates),
        "candidates": candidates,
        "place": "projects",
    }
    is_refused = any(form is not None and form.errors for form in (rename_form, add_form))
    status = HTTPStatus.UNPROCESSABLE_ENTITY if is_refused else HTTPStatus.OK
    return render(request, "console/projects/project.html", context, status=status)


def candidates_for(project_id: UUID, account_id: UUID) -> list[Member]:
    """List the organization's members that have no place in the project yet."""
    project = queries.project(project_id=project_id, account_id=account_id)
    inside = {
        member.account_id
        for member in rosters.project_members_of(project_id=project_id, account_id=account_id)
    }
    everybody = rosters.members_of(organization_id=project.organization_id, account_id=account_id)
    return [member for member in everybody if member.account_id not in inside]
