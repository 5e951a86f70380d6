"""Every address of the service."""

from django.urls import include, path

from adieu.api.v1.service import api
from adieu.api.v2 import elsewhere
from adieu.api.v2.service import api as zilliz_api
from adieu.ops import health

urlpatterns = [
    path("", include("adieu.console.urls")),
    path("", include("adieu.console.accounts.urls")),
    path("", include("adieu.console.archives.urls")),
    path("", include("adieu.console.deletion.urls")),
    path("", include("adieu.console.mailbox.urls")),
    path("api/v1/", api.urls),
    path("v2", elsewhere.nothing),
    path("v2/", zilliz_api.urls),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", health.metrics),
]
handler400 = "adieu.console.errors.bad_request"
handler403 = "adieu.console.errors.permission_denied"
handler404 = "adieu.console.errors.page_not_found"
handler429 = "adieu.console.errors.too_many_requests"
handler500 = "adieu.console.errors.server_error"
