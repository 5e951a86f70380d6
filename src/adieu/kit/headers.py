"""Response headers that every page has."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

# No page uses a device, so none may ask for one.
PERMISSIONS = "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"

# What is the same for everybody and may be kept on its way; whoever answers with it says so by this.
PUBLIC = "public, max-age=3600"


def headers_middleware(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Keep pages out of every cache, but for what is public, and devices out of pages."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if response.get("Cache-Control") != PUBLIC:
            response["Cache-Control"] = "no-store"
        response.setdefault("Permissions-Policy", PERMISSIONS)
        return response

    return middleware
