"""Nothing that people send here is large, so what is large is not even read."""

from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponse


def small_requests_middleware(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Refuse a body that is larger than forms are; Django alone would write its files to disk first."""

    def middleware(request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if length.isdecimal() and int(length) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            return HttpResponse(
                "That is larger than anything this service takes.\n",
                status=HTTPStatus.CONTENT_TOO_LARGE,
                content_type="text/plain; charset=utf-8",
            )
        return get_response(request)

    return middleware
