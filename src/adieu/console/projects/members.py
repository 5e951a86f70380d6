"""Who belongs to a project, as forms on its page."""

from contextlib import suppress
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from adieu.console.members.forms import RoleForm
from adieu.console.projects import pages
from adieu.console.projects.forms import AddForm
from adieu.console.within import within_organization
from adieu.kit.who import account_id_of
from adieu.tenancy import permissions, projects
from adieu.tenancy.models import Role
from adieu.tenancy.ownership import AlreadyMember
from adieu.tenancy.permissions import Permission, ProjectNotFound


@within_organization
@require_POST
def add(request: HttpRequest, project_id: UUID) -> HttpResponse:
    """Give a member of the organization a place in the project."""
    account_id = account_id_of(request)
    # Asked before the form says what is wrong with it: a member learns only that it is not theirs.
    permissions.require_in_project(
        permission=Permission.MANAGE_PROJECT_MEMBERS, project_id=project_id, account_id=account_id
    )
    form = AddForm(request.POST, members=pages.candidates_for(project_id, account_id))
    if not form.is_valid():
        return pages.show(request, project_id, add_form=form)
    # Whoever was added in another tab is where they should be.
    with suppress(AlreadyMember):
        projects.add_member(
            project_id=project_id,
            account_id=account_id,
            member_id=form.cleaned_data["member"],
            role=Role(form.cleaned_data["role"]),
            now=timezone.now(),
        )
    messages.success(request, "The member is added.")
    return redirect("project", project_id)


@within_organization
@require_POST
def change_role(request: HttpRequest, project_id: UUID, member_id: UUID) -> HttpResponse:
    """Give a member of the project another role in it."""
    form = RoleForm(request.POST)
    if not form.is_valid():
        raise BadRequest
    try:
        projects.change_member_role(
            project_id=project_id,
            account_id=account_id_of(request),
            member_id=member_id,
            role=Role(form.cleaned_data["role"]),
            now=timezone.now(),
        )
    except projects.LastProjectOwner as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "The role is changed.")
    return redirect("project", project_id)


@within_organization
@require_POST
def remove(request: HttpRequest, project_id: UUID, member_id: UUID) -> HttpResponse:
    """Take a member out of the project; they stay in the organization."""
    account_id = account_id_of(request)
    try:
        projects.remove_member(
            project_id=project_id, account_id=account_id, member_id=member_id, now=timezone.now()
        )
    except projects.LastProjectOwner as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "That person is no longer a member of the project.")
    return _back(project_id, account_id)


def _back(project_id: UUID, account_id: UUID) -> HttpResponse:
    try:
        permissions.standing_in_project(project_id=project_id, account_id=account_id)
    # Who removed themselves does not see it any more.
    except ProjectNotFound:
        return redirect("overview")
    return redirect("project", project_id)
