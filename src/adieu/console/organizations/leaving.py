"""Leaving an organization (Rule O5)."""

from http import HTTPStatus
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from adieu.console import handing_over
from adieu.console.handing_over import HandOverForm
from adieu.console.within import within_organization
from adieu.core.keeping import Blocker
from adieu.kit.who import account_id_of
from adieu.tenancy import blockers, members, queries
from adieu.tenancy.ownership import MemberNotFound


@within_organization
@require_http_methods(["GET", "HEAD", "POST"])
def leave(request: HttpRequest, organization_id: UUID) -> HttpResponse:
    """Say what leaving means, or what is in the way; on POST, leave."""
    if request.method != "POST":
        return _page(request, organization_id)
    try:
        return _leave(request, organization_id)
    except members.LeavingBlocked as blocked:
        return _page(request, organization_id, blocked.blockers, status=HTTPStatus.CONFLICT)


@within_organization
@require_POST
def hand_over_and_leave(request: HttpRequest, organization_id: UUID) -> HttpResponse:
    """Make the chosen member owner, then leave."""
    found = blockers.in_organization(account_id=account_id_of(request), organization_id=organization_id)
    form = handing_over.form_for(request, found)
    if not form.is_valid():
        return _page(request, organization_id, found, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        members.make_owners(
            account_id=account_id_of(request),
            owners=form.owners,
            project_owners=form.project_owners,
            now=timezone.now(),
        )
        return _leave(request, organization_id)
    except members.LeavingBlocked as blocked:
        return _page(request, organization_id, blocked.blockers, status=HTTPStatus.CONFLICT)
    except MemberNotFound:
        # Whoever was chosen has left meanwhile: the page shows who is there now.
        return _page(request, organization_id, status=HTTPStatus.CONFLICT)


def _leave(request: HttpRequest, organization_id: UUID) -> HttpResponse:
    account_id = account_id_of(request)
    name = queries.organization(organization_id=organization_id, account_id=account_id).name
    members.leave_organization(organization_id=organization_id, account_id=account_id, now=timezone.now())
    messages.success(request, f"You have left “{name}”.")
    return redirect("overview")


def _page(
    request: HttpRequest,
    organization_id: UUID,
    found: tuple[Blocker, ...] | list[Blocker] | None = None,
    form: HandOverForm | None = None,
    *,
    status: HTTPStatus = HTTPStatus.OK,
) -> HttpResponse:
    account_id = account_id_of(request)
    organization = queries.organization(organization_id=organization_id, account_id=account_id)
    if found is None:
        found = blockers.in_organization(account_id=account_id, organization_id=organization_id)
    form = form or handing_over.form_for(request, found)
    context = {
        "organization": organization,
        "cards": handing_over.cards(found, form),
        "form": form,
        "place": "organization",
    }
    return render(request, "console/organizations/leave.html", context, status=status)
