"""The overview and the settings of an organization."""

from http import HTTPStatus
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from adieu.clusters.queries import counts_within
from adieu.console.organizations.forms import CreateForm, DeleteForm, InformationForm
from adieu.console.returning import safe_next
from adieu.console.within import within_organization
from adieu.core.keeping import Going
from adieu.kit.who import account_id_of
from adieu.tenancy import information, offers, operations, permissions, queries, rosters
from adieu.tenancy.permissions import Permission
from adieu.tenancy.queries import OrganizationSummary
from adieu.vault.queries import DELETED_ACCOUNT


@login_required
@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    """Show a person's organizations with their projects."""
    organizations = queries.organizations_of(account_id=account_id_of(request))
    context = {
        "organizations": organizations,
        "offers": offers.offers_to(account_id=account_id_of(request), now=timezone.now()),
        "place": "overview",
    }
    return render(request, "console/overview.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    """Create an organization and show it."""
    form = CreateForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        organization_id = operations.create_organization(
            account_id=account_id_of(request), name=form.cleaned_data["name"], now=timezone.now()
        )
        return redirect("organization", organization_id)
    return render(request, "console/organizations/create.html", {"form": form}, status=_status(form))


@within_organization
@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: HttpRequest, organization_id: UUID) -> HttpResponse:
    """Show an organization to one of its members; on POST, change what it says about itself."""
    account_id = account_id_of(request)
    organization = queries.organization(organization_id=organization_id, account_id=account_id)
    details = queries.details_of(organization_id=organization_id, account_id=account_id)
    members = rosters.members_of(organization_id=organization_id, account_id=account_id)
    form = InformationForm(
        request.POST if request.method == "POST" else None, details=details, members=members
    )
    if request.method == "POST" and _is_changed(request, organization_id, form):
        messages.success(request, "The organization's information is saved.")
        return redirect("organization", organization_id)
    contact = next((member.name for member in members if member.account_id == details.contact_id), None)
    context = {
        "organization": organization,
        "details": details,
        "form": form,
        "contact": contact or (DELETED_ACCOUNT if details.contact_id else ""),
        "place": "organization",
    }
    return render(request, "console/organizations/settings.html", context, status=_status(form))


def _is_changed(request: HttpRequest, organization_id: UUID, form: InformationForm) -> bool:
    # Asked before the form says what is wrong with it: a member learns only that it is not theirs.
    permissions.require(
        permission=Permission.MANAGE_ORGANIZATION,
        organization_id=organization_id,
        account_id=account_id_of(request),
    )
    if not form.is_valid():
        return False
    try:
        operations.change_organization(
            organization_id=organization_id,
            account_id=account_id_of(request),
            information=form.information,
            now=timezone.now(),
        )
    except information.NotAWebsite as refusal:
        form.add_error("website", str(refusal))
    except information.ContactNotAMember as refusal:
        form.add_error("contact", str(refusal))
    return not form.errors


@within_organization
@require_http_methods(["GET", "POST"])
def delete(request: HttpRequest, organization_id: UUID) -> HttpResponse:
    """Delete an organization whose name was typed (Rule O6), then go back to where the person came from."""
    account_id = account_id_of(request)
    permissions.require(
        permission=Permission.MANAGE_ORGANIZATION, organization_id=organization_id, account_id=account_id
    )
    organization = queries.organization(organization_id=organization_id, account_id=account_id)
    form = DeleteForm(name=organization.name, data=request.POST if request.method == "POST" else None)
    if form.is_valid() and _is_deleted(request, organization_id, form):
        return redirect(safe_next(request) or reverse("overview"))
    context = _about_to_go(request, organization, form)
    return render(request, "console/organizations/delete.html", context, status=_status(form))


def _is_deleted(request: HttpRequest, organization_id: UUID, form: DeleteForm) -> bool:
    try:
        operations.delete_organization(
            organization_id=organization_id,
            account_id=account_id_of(request),
            typed_name=form.cleaned_data["name"],
            now=timezone.now(),
        )
    except operations.NameDoesNotMatch as refusal:
        form.add_error("name", str(refusal))
        return False
    except operations.OrganizationHasClusters as refusal:
        form.add_error(None, str(refusal))
        return False
    # Another owner's deletion, or one's own in another tab, was first: what was asked for is so.
    except permissions.OrganizationNotFound:
        return True
    return True


def _about_to_go(
    request: HttpRequest, organization: OrganizationSummary, form: DeleteForm
) -> dict[str, object]:
    came_from = safe_next(request)
    counts = counts_within(organization_id=organization.id, account_id=account_id_of(request))
    return {
        "occupied": [project for project in organization.projects if counts[project.id]],
        "organization": organization,
        "place": "organization",
        "form": form,
        "goes": [
            Going("organization", "organizations", 1),
            Going("project", "projects", len(organization.projects)),
            Going("membership", "memberships", organization.member_count),
        ],
        "next": came_from,
        "back": came_from or reverse("organization", args=[organization.id]),
    }


def _status(form: CreateForm | DeleteForm | InformationForm) -> HTTPStatus:
    return HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
