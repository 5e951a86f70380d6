"""The overview and the pages of an organization."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from adieu.console.organizations.forms import CreateForm, DeleteForm
from adieu.console.returning import safe_next
from adieu.core.keeping import Going
from adieu.kit.who import account_id_of
from adieu.tenancy import operations, permissions, queries
from adieu.tenancy.queries import OrganizationSummary


@login_required
@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    """Show a person's organizations with their projects."""
    organizations = queries.organizations_of(account_id=account_id_of(request))
    return render(request, "console/overview.html", {"organizations": organizations, "place": "overview"})


@login_required
@require_http_methods(["GET", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    """Create an organization and show it."""
    form = CreateForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        organization_id = operations.create_organization(
            account_id=account_id_of(request), name=form.cleaned_data["name"], now=timezone.now()
        )
        return redirect("organization", organization_id)
    return render(request, "console/organizations/create.html", {"form": form}, status=_status(form))


@login_required
@require_GET
def detail(request: HttpRequest, organization_id: UUID) -> HttpResponse:
    """Show an organization to one of its members."""
    context = {"organization": _organization(request, organization_id), "place": "organization"}
    return render(request, "console/organizations/detail.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def delete(request: HttpRequest, organization_id: UUID) -> HttpResponse:
    """Delete an organization whose name was typed (Rule O6), then go back to where the person came from."""
    organization = _organization(request, organization_id)
    if not organization.is_owner:
        raise PermissionDenied
    form = DeleteForm(name=organization.name, data=request.POST if request.method == "POST" else None)
    if form.is_valid() and _is_deleted(request, organization_id, form):
        return redirect(safe_next(request) or reverse("overview"))
    context = _about_to_go(request, organization, form)
    return render(request, "console/organizations/delete.html", context, status=_status(form))


def _organization(request: HttpRequest, organization_id: UUID) -> OrganizationSummary:
    try:
        return queries.organization(organization_id=organization_id, account_id=account_id_of(request))
    except permissions.OrganizationNotFound as missing:
        raise Http404 from missing


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
    # Another owner's deletion, or one's own in another tab, was first: what was asked for is so.
    except permissions.OrganizationNotFound:
        return True
    except permissions.NotAllowed as refusal:
        raise PermissionDenied from refusal
    return True


def _about_to_go(
    request: HttpRequest, organization: OrganizationSummary, form: DeleteForm
) -> dict[str, object]:
    came_from = safe_next(request)
    return {
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


def _status(form: CreateForm | DeleteForm) -> int:
    return 422 if form.errors else 200
