"""Which code each refusal of the domain has."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from adieu.api.v1.authentication import TermsNotAgreed
from adieu.api.v2.envelope import Code, refusal
from adieu.clusters import operations as clusters
from adieu.clusters.queries import ClusterNotFound
from adieu.core.names import NameNotAllowed
from adieu.kit.errors import Fact
from adieu.tenancy import api_keys, ownership, permissions, projects


class CloudNotKnown(Fact):
    """There is no such cloud. List the clouds to see which there are."""


class PageSizeNotAllowed(Fact):
    """pageSize is a number from 1 to 100."""


class CurrentPageNotAllowed(Fact):
    """currentPage is a number from 1 to 2147483647."""


class SizeNotPositive(Fact):
    """cuSize is a positive number."""


class SizeNotThere(Fact):
    """A cluster here has one size, 1, and no replicas; it takes what the machine gives it."""


CODE_OF: dict[type[Exception], Code] = {
    TermsNotAgreed: Code.TERMS_NOT_AGREED,
    CloudNotKnown: Code.CLOUD_NOT_KNOWN,
    PageSizeNotAllowed: Code.PAGE_SIZE,
    CurrentPageNotAllowed: Code.CURRENT_PAGE,
    SizeNotPositive: Code.SIZE_NOT_POSITIVE,
    SizeNotThere: Code.SIZE_NOT_THERE,
    permissions.ProjectNotFound: Code.PROJECT_NOT_FOUND,
    ClusterNotFound: Code.CLUSTER_NOT_FOUND,
    clusters.ClusterNameNotAllowed: Code.CLUSTER_NAME,
    clusters.ClusterNameTaken: Code.CLUSTER_NAME_TAKEN,
    clusters.TooManyClusters: Code.TOO_MANY_CLUSTERS,
    clusters.NoPortFree: Code.NO_PORT_FREE,
    clusters.WrongState: Code.WRONG_STATE,
    NameNotAllowed: Code.PROJECT_NAME,
    projects.ProjectNameTaken: Code.PROJECT_NAME_TAKEN,
    projects.TooManyProjects: Code.TOO_MANY_PROJECTS,
    projects.DefaultProjectStays: Code.DEFAULT_PROJECT_STAYS,
    projects.ProjectHasClusters: Code.PROJECT_HAS_CLUSTERS,
    api_keys.TooManyApiKeys: Code.TOO_MANY_API_KEYS,
    api_keys.ApiKeyNameTaken: Code.API_KEY_NAME_TAKEN,
    # Renamed between our look at the name and the deletion: what is there now was not meant.
    projects.ProjectNameDoesNotMatch: Code.PROJECT_NOT_FOUND,
    clusters.ClusterNameDoesNotMatch: Code.CLUSTER_NOT_FOUND,
}
# The key, its account or its organization went while the request was under way.
GONE = (
    AuthenticationError,
    permissions.OrganizationNotFound,
    ownership.AccountNotFound,
    api_keys.ApiKeyNotFound,
    api_keys.ExpiryNotAllowed,
)
NOT_A_KEY = "This API key was never made, was revoked, or has run out."


def translate_refusals(api: NinjaAPI) -> None:
    """Teach the API every refusal there is."""
    for fact, code in CODE_OF.items():
        api.add_exception_handler(fact, _handler(code))
    for error in GONE:
        api.add_exception_handler(error, _bad_key)
    api.add_exception_handler(permissions.NotAllowed, _not_allowed)
    api.add_exception_handler(ValidationError, _invalid)
    api.add_exception_handler(HttpError, _unreadable)


def _handler(code: Code) -> Callable[[HttpRequest, Any], HttpResponse]:
    def handle(_request: HttpRequest, fact: Exception) -> HttpResponse:
        return refusal(code, str(fact))

    return handle


def _bad_key(_request: HttpRequest, _error: Any) -> HttpResponse:
    return refusal(Code.BAD_KEY, NOT_A_KEY, status=HTTPStatus.UNAUTHORIZED)


def _not_allowed(request: HttpRequest, fact: Any) -> HttpResponse:
    match = request.resolver_match
    is_about_one = match is not None and "cluster_id" in match.kwargs
    code = Code.NOT_ALLOWED_WITH_CLUSTER if is_about_one else Code.NOT_ALLOWED_IN_PROJECT
    return refusal(code, str(fact))


def _invalid(_request: HttpRequest, error: Any) -> HttpResponse:
    # Only where: the message of pydantic repeats what was sent.
    where = sorted({str(item["loc"][-1]) for item in error.errors})
    return refusal(Code.INCORRECT_PARAMETER, f"Incorrect parameter: {', '.join(where)}.")


def _unreadable(_request: HttpRequest, error: Any) -> HttpResponse:
    return refusal(Code.INCORRECT_PARAMETER, "The body is no JSON.", status=HTTPStatus(error.status_code))
