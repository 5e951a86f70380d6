"""The activity log of an organization, and its export (Rule V3)."""

from dataclasses import dataclass
from uuid import UUID

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from adieu.console.activities.forms import FilterForm
from adieu.console.within import within_organization
from adieu.kit.downloads import download
from adieu.kit.paging import DEFAULT_LIMIT, CursorNotKnown
from adieu.kit.who import account_id_of
from adieu.tenancy import activity_log, queries
from adieu.tenancy.activity_export import Format, export
from adieu.tenancy.activity_log import LogPage


@dataclass(frozen=True)
class Place:
    """Where a page of the log begins."""

    cursor: str
    limit: int = DEFAULT_LIMIT


@within_organization
@require_GET
def show(request: HttpRequest, organization_id: UUID) -> HttpResponse:
    """Show an organization's log to one of its owners."""
    form = _form(request, organization_id)
    try:
        page = _page(request, organization_id, form)
    # A bookmark of a page whose filters or whose key are not the same any more: it starts again.
    except CursorNotKnown:
        return redirect(f"{request.path}?{_without_cursor(request)}")
    account_id = account_id_of(request)
    context = {
        "organization": queries.organization(organization_id=organization_id, account_id=account_id),
        "place": "activities",
        "form": form,
        "page": page,
        "zone": activity_log.time_zone_of(organization_id=organization_id, account_id=account_id),
    }
    return render(request, "console/activities/log.html", context, status=422 if form.errors else 200)


@within_organization
@require_GET
def download_log(request: HttpRequest, organization_id: UUID) -> HttpResponseBase:
    """Send what the page's filters show, all of it, as a file."""
    form = _form(request, organization_id)
    asked_for = request.GET.get("format", "")
    if not form.is_valid() or asked_for not in list(Format):
        raise BadRequest
    file = export(
        organization_id=organization_id,
        account_id=account_id_of(request),
        wanted=form.wanted(),
        form=Format(asked_for),
    )
    return download(request, file.parts, name=file.name, media_type=file.media_type)


def _form(request: HttpRequest, organization_id: UUID) -> FilterForm:
    actors = activity_log.actors(
        organization_id=organization_id,
        account_id=account_id_of(request),
        chosen_id=_id(request.GET.get("actor", "")),
    )
    return FilterForm(request.GET, actors=actors)


def _page(request: HttpRequest, organization_id: UUID, form: FilterForm) -> LogPage | None:
    if not form.is_valid():
        return None
    return activity_log.show(
        organization_id=organization_id,
        account_id=account_id_of(request),
        wanted=form.wanted(),
        paging=Place(cursor=request.GET.get("cursor", "")),
    )


def _without_cursor(request: HttpRequest) -> str:
    asked = request.GET.copy()
    del asked["cursor"]
    return asked.urlencode()


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
