"""Which organization the frame shows: the page's own, else the one looked at last, else the first."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from uuid import UUID

from django.http import HttpRequest, HttpResponse

from adieu.tenancy.queries import OrganizationName

COOKIE = "organization"
KEPT_FOR = timedelta(days=365)
SHOWN = "adieu.organization_shown"


def choose(
    request: HttpRequest, organizations: Sequence[OrganizationName], page_organization_id: UUID | None
) -> OrganizationName | None:
    """Choose among the organizations of whoever looks; the cookie is only a wish."""
    by_id = {str(organization.id): organization for organization in organizations}
    wanted = (str(page_organization_id), request.COOKIES.get(COOKIE, ""))
    chosen = next((by_id[id_] for id_ in wanted if id_ in by_id), None)
    current = chosen or next(iter(organizations), None)
    request.META[SHOWN] = str(current.id) if current else ""
    return current


def current_organization_middleware(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Remember the organization that a page has shown; it says nothing of the person."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        shown = request.META.get(SHOWN, "")
        if shown and shown != request.COOKIES.get(COOKIE):
            response.set_cookie(
                COOKIE, shown, max_age=KEPT_FOR, secure=request.is_secure(), httponly=True, samesite="Lax"
            )
        return response

    return middleware
