"""What every answer under `/v2` looks like: `{"code": 0, "data": …}`, or `{"code": …, "message": …}`.

Note [Status 200]
Zilliz Cloud answers what it understood with the HTTP status 200, refusals included, and its clients show the
message of such an answer only: of any other status they show the number. So do we. Another status has what
was not understood (400, 404, 405, 413), who did not come with a key (401), and what is our fault (500, 503).
"""

from collections.abc import Callable
from enum import IntEnum
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, JsonResponse

PATH = "/v2"
JSON = "application/json"


class Code(IntEnum):
    """Which refusal it is. From 70000 to 70099 they are ours, where Zilliz Cloud has documented none."""

    BAD_KEY = 21119
    CLUSTER_NAME_TAKEN = 40013
    INCORRECT_PARAMETER = 80000
    CLOUD_NOT_KNOWN = 96000
    SIZE_NOT_POSITIVE = 96002
    PROJECT_NOT_FOUND = 96005
    PAGE_SIZE = 96008
    CURRENT_PAGE = 96009
    CLUSTER_NAME = 96010
    NOT_ALLOWED_IN_PROJECT = 96013
    NOT_ALLOWED_WITH_CLUSTER = 96015
    CLUSTER_NOT_FOUND = 96018
    SIZE_NOT_THERE = 96023
    NOT_HERE = 70001
    ADDRESS_NOT_KNOWN = 70002
    METHOD_NOT_KNOWN = 70003
    WRONG_STATE = 70004
    TOO_MANY_CLUSTERS = 70005
    NO_PORT_FREE = 70006
    TOO_MANY_API_KEYS = 70007
    API_KEY_NAME_TAKEN = 70008
    PROJECT_NAME = 70009
    PROJECT_NAME_TAKEN = 70010
    TOO_MANY_PROJECTS = 70011
    DEFAULT_PROJECT_STAYS = 70012
    PROJECT_HAS_CLUSTERS = 70013
    TERMS_NOT_AGREED = 70014
    TOO_LARGE = 70015
    AT_FAULT = 70016


# What is answered before or behind the API itself, by its status.
AROUND = {
    HTTPStatus.BAD_REQUEST: (Code.INCORRECT_PARAMETER, "This request cannot be read."),
    HTTPStatus.NOT_FOUND: (Code.ADDRESS_NOT_KNOWN, "There is nothing at this address."),
    HTTPStatus.METHOD_NOT_ALLOWED: (Code.METHOD_NOT_KNOWN, "This address does not know that method."),
    HTTPStatus.CONTENT_TOO_LARGE: (Code.TOO_LARGE, "That is larger than anything this service takes."),
    HTTPStatus.SERVICE_UNAVAILABLE: (Code.AT_FAULT, "The console cannot be used at the moment. Try again."),
}
ELSE = (Code.AT_FAULT, "Something went wrong in the console.")


def answer(data: object) -> dict[str, object]:
    """Put what was asked for into the envelope."""
    return {"code": 0, "data": data}


def refusal(code: Code, message: str, *, status: HTTPStatus = HTTPStatus.OK) -> JsonResponse:
    """Put into the envelope why not (Note [Status 200])."""
    return JsonResponse({"code": code, "message": message}, status=status)


def envelope_middleware(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Write whatever else answers under `/v2` into the envelope; its other headers stay."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if is_inside(request.path) and not response.get("Content-Type", "").startswith(JSON):
            code, message = AROUND.get(HTTPStatus(response.status_code), ELSE)
            response.content = refusal(code, message).content
            response["Content-Type"] = JSON
            response["Content-Length"] = str(len(response.content))
        return response

    return middleware


def is_inside(path: str) -> bool:
    """Tell whether an address is one of these."""
    return path == PATH or path.startswith(f"{PATH}/")
