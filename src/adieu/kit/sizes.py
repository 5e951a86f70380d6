"""Nothing that people send here is large, so what is large is not even read; the rest is read first."""

from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponse, UnreadablePostError


def small_requests_middleware(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Refuse a body that is larger than forms are; Django alone would write its files to disk first.

    Note [The body first]
    The rest is read before anybody asks whose session or key came with it. Else a request of which half was
    sent would be let in, and act when the other half comes, long after the session or key ended (Rule D7).
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if length.isdecimal() and int(length) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            return _refusal("That is larger than anything this service takes.", HTTPStatus.CONTENT_TOO_LARGE)
        try:
            _ = request.body
        except UnreadablePostError:
            return _refusal("The rest of this request did not come.", HTTPStatus.BAD_REQUEST)
        return get_response(request)

    return middleware


def _refusal(what: str, status: HTTPStatus) -> HttpResponse:
    return HttpResponse(f"{what}\n", status=status, content_type="text/plain; charset=utf-8")
