"""A method that an address does not know, answered as every other problem of the API."""

from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse

from adieu.kit.problem import problem


def methods_middleware(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Write a 405 under `/api/` as problem+json; ninja answers it before any handler of ours is asked."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if response.status_code != HTTPStatus.METHOD_NOT_ALLOWED or not request.path.startswith("/api/"):
            return response
        answer = problem(
            status=HTTPStatus.METHOD_NOT_ALLOWED,
            code="method-not-allowed",
            title="This address does not know that method.",
        )
        # RFC 9110, section 15.5.6: a 405 names the methods there are.
        answer["Allow"] = response["Allow"]
        return answer

    return middleware
