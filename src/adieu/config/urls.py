"""Every address of the service."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from adieu.api.v1.service import api


def healthz(_request: HttpRequest) -> HttpResponse:
    """Answer that the process serves."""
    return HttpResponse("ok", content_type="text/plain")


urlpatterns = [
    path("", include("adieu.console.urls")),
    path("", include("adieu.console.accounts.urls")),
    path("", include("adieu.console.deletion.urls")),
    path("", include("adieu.console.mailbox.urls")),
    path("api/v1/", api.urls),
    path("healthz", healthz),
]
handler400 = "adieu.console.errors.bad_request"
handler403 = "adieu.console.errors.permission_denied"
handler404 = "adieu.console.errors.page_not_found"
handler429 = "adieu.console.errors.too_many_requests"
handler500 = "adieu.console.errors.server_error"
