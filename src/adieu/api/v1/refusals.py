"""How each refusal of the domain reads as problem+json."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from adieu.accounts.addresses import AccountGone
from adieu.api.v1 import authentication
from adieu.archives.operations import ArchiveNotFound, ArchiveNotReady
from adieu.clusters import facts
from adieu.clusters import operations as clusters
from adieu.clusters.queries import ClusterNotFound
from adieu.core.names import NameNotAllowed
from adieu.core.texts import TextNotAllowed
from adieu.deletion import farewell, intents, requests, verification
from adieu.deletion.consents import ConsentMissing
from adieu.kit.errors import Fact
from adieu.kit.limits import LimitReached
from adieu.kit.paging import CursorNotKnown
from adieu.kit.problem import problem, too_many
from adieu.ledger.stores import UnableToAppend
from adieu.tenancy import (
    api_keys,
    information,
    invitations,
    invitees,
    members,
    offers,
    operations,
    ownership,
    permissions,
    projects,
)

STATUS_OF: dict[type[Exception], HTTPStatus] = {
    requests.NoOpenRequest: HTTPStatus.GONE,
    requests.ReasonNotKnown: HTTPStatus.UNPROCESSABLE_ENTITY,
    requests.CommentNotAllowed: HTTPStatus.UNPROCESSABLE_ENTITY,
    verification.NotYourAddress: HTTPStatus.UNPROCESSABLE_ENTITY,
    verification.NoCodeSent: HTTPStatus.GONE,
    verification.CodeOfAnotherSession: HTTPStatus.GONE,
    verification.CodeExpired: HTTPStatus.GONE,
    verification.CodeUsedUp: HTTPStatus.GONE,
    verification.RequestEnded: HTTPStatus.GONE,
    verification.WrongCode: HTTPStatus.UNPROCESSABLE_ENTITY,
    verification.OwnThingsChanged: HTTPStatus.CONFLICT,
    ConsentMissing: HTTPStatus.UNPROCESSABLE_ENTITY,
    requests.DeletionBlocked: HTTPStatus.CONFLICT,
    intents.ConfirmationUnderWay: HTTPStatus.CONFLICT,
    UnableToAppend: HTTPStatus.SERVICE_UNAVAILABLE,
    farewell.DeletionNotFound: HTTPStatus.NOT_FOUND,
    permissions.OrganizationNotFound: HTTPStatus.NOT_FOUND,
    permissions.ProjectNotFound: HTTPStatus.NOT_FOUND,
    permissions.NotAllowed: HTTPStatus.FORBIDDEN,
    CursorNotKnown: HTTPStatus.UNPROCESSABLE_ENTITY,
    NameNotAllowed: HTTPStatus.UNPROCESSABLE_ENTITY,
    TextNotAllowed: HTTPStatus.UNPROCESSABLE_ENTITY,
    information.NotAWebsite: HTTPStatus.UNPROCESSABLE_ENTITY,
    information.TimeZoneNotKnown: HTTPStatus.UNPROCESSABLE_ENTITY,
    information.ContactNotAMember: HTTPStatus.UNPROCESSABLE_ENTITY,
    operations.NameDoesNotMatch: HTTPStatus.UNPROCESSABLE_ENTITY,
    members.LeavingBlocked: HTTPStatus.CONFLICT,
    ownership.LastOwner: HTTPStatus.CONFLICT,
    ownership.AlreadyMember: HTTPStatus.CONFLICT,
    ownership.TooManyMembers: HTTPStatus.CONFLICT,
    ownership.MemberNotFound: HTTPStatus.NOT_FOUND,
    projects.ProjectNameTaken: HTTPStatus.CONFLICT,
    projects.TooManyProjects: HTTPStatus.CONFLICT,
    projects.DefaultProjectStays: HTTPStatus.CONFLICT,
    projects.ProjectNameDoesNotMatch: HTTPStatus.UNPROCESSABLE_ENTITY,
    projects.ProjectHasClusters: HTTPStatus.CONFLICT,
    projects.LastProjectOwner: HTTPStatus.CONFLICT,
    operations.OrganizationHasClusters: HTTPStatus.CONFLICT,
    ClusterNotFound: HTTPStatus.NOT_FOUND,
    clusters.ClusterNameNotAllowed: HTTPStatus.UNPROCESSABLE_ENTITY,
    clusters.ClusterNameTaken: HTTPStatus.CONFLICT,
    clusters.EngineNotOffered: HTTPStatus.CONFLICT,
    clusters.TooManyClusters: HTTPStatus.CONFLICT,
    clusters.NoPortFree: HTTPStatus.CONFLICT,
    clusters.WrongState: HTTPStatus.CONFLICT,
    clusters.ClusterNameDoesNotMatch: HTTPStatus.UNPROCESSABLE_ENTITY,
    facts.ClusterNotRunning: HTTPStatus.CONFLICT,
    facts.ClusterAway: HTTPStatus.SERVICE_UNAVAILABLE,
    facts.SampleNameTaken: HTTPStatus.CONFLICT,
    facts.SampleHasMore: HTTPStatus.CONFLICT,
    ownership.AccountNotFound: HTTPStatus.UNAUTHORIZED,
    invitees.NoAddresses: HTTPStatus.UNPROCESSABLE_ENTITY,
    invitees.TooManyAddresses: HTTPStatus.UNPROCESSABLE_ENTITY,
    invitees.AddressesNotFit: HTTPStatus.UNPROCESSABLE_ENTITY,
    invitees.TooManyInvitations: HTTPStatus.CONFLICT,
    offers.InvitationNotFound: HTTPStatus.NOT_FOUND,
    offers.InvitationEnded: HTTPStatus.GONE,
    offers.NotInvited: HTTPStatus.FORBIDDEN,
    api_keys.ApiKeyNotFound: HTTPStatus.NOT_FOUND,
    api_keys.ApiKeyNameTaken: HTTPStatus.CONFLICT,
    api_keys.TooManyApiKeys: HTTPStatus.CONFLICT,
    api_keys.ExpiryNotAllowed: HTTPStatus.UNPROCESSABLE_ENTITY,
    api_keys.ApiKeyExpired: HTTPStatus.GONE,
    AccountGone: HTTPStatus.UNAUTHORIZED,
    ArchiveNotFound: HTTPStatus.NOT_FOUND,
    ArchiveNotReady: HTTPStatus.CONFLICT,
    authentication.SessionRequired: HTTPStatus.FORBIDDEN,
    authentication.TermsNotAgreed: HTTPStatus.FORBIDDEN,
}


class ReauthenticationRequired(Fact):
    """You proved who you are more than 10 minutes ago. Prove it again first."""

    def __init__(self, step_url: str) -> None:
        """Remember where that is done."""
        super().__init__()
        self.step_url = step_url


def code_of(fact: type[Exception]) -> str:
    """Give the stable name of a refusal: `WrongCode` is `wrong-code`."""
    name = fact.__name__
    return "".join("-" + letter.lower() if letter.isupper() else letter for letter in name).lstrip("-")


def members_of(fact: Exception) -> dict[str, Any]:
    """Give what a refusal tells beside its sentence."""
    match fact:
        case requests.DeletionBlocked() | members.LeavingBlocked():
            return {"blockers": [blocker_as_json(blocker) for blocker in fact.blockers]}
        case verification.WrongCode():
            return {"tries_left": fact.tries_left}
        case ConsentMissing():
            return {"missing": list(fact.missing)}
        case verification.OwnThingsChanged():
            return {"new": [vars(subject) for subject in fact.new]}
        case invitees.AddressesNotFit():
            return {"addresses": [misfit_as_json(misfit) for misfit in fact.misfits]}
        case _:
            return {}


def misfit_as_json(misfit: invitees.Misfit) -> dict[str, Any]:
    """Write what is wrong with an address, by its number: what was sent is not repeated."""
    return {"number": misfit.number, "code": code_of(type(misfit.reason)), "title": str(misfit.reason)}


def blocker_as_json(blocker: Any) -> dict[str, Any]:
    """Write a blocker as the table of the API has it."""
    return {
        "code": blocker.code,
        "subject": vars(blocker.subject),
        "remedies": [vars(remedy) for remedy in blocker.remedies],
    }


def translate_refusals(api: NinjaAPI) -> None:
    """Teach the API every refusal there is."""
    for fact, status in STATUS_OF.items():
        api.add_exception_handler(fact, _handler(status))
    api.add_exception_handler(ReauthenticationRequired, _reauthentication)
    api.add_exception_handler(LimitReached, _limit)
    api.add_exception_handler(verification.ResendTooSoon, _limit)
    api.add_exception_handler(invitations.SentJustNow, _limit)
    api.add_exception_handler(AuthenticationError, _not_signed_in)
    api.add_exception_handler(ValidationError, _invalid)
    api.add_exception_handler(HttpError, _http_error)


def _handler(status: HTTPStatus) -> Callable[[HttpRequest, Any], HttpResponse]:
    def handle(_request: HttpRequest, fact: Exception) -> HttpResponse:
        return problem(status=status, code=code_of(type(fact)), title=str(fact), **members_of(fact))

    return handle


def _reauthentication(_request: HttpRequest, fact: Any) -> HttpResponse:
    return problem(
        status=HTTPStatus.UNAUTHORIZED,
        code="reauthentication-required",
        title=str(fact),
        reauthenticate_url=fact.step_url,
    )


def _limit(_request: HttpRequest, fact: Any) -> HttpResponse:
    return too_many(retry_after=fact.retry_after, detail=str(fact))


def _not_signed_in(_request: HttpRequest, _error: Any) -> HttpResponse:
    return problem(status=HTTPStatus.UNAUTHORIZED, code="not-signed-in", title="Sign in first.")


def _invalid(_request: HttpRequest, error: Any) -> HttpResponse:
    # Only where and what kind: the message of pydantic repeats what was sent.
    errors = [{"at": ".".join(map(str, item["loc"])), "kind": item["type"]} for item in error.errors]
    return problem(
        status=HTTPStatus.UNPROCESSABLE_ENTITY,
        code="invalid-request",
        title="The request does not have the form that is described for it.",
        errors=errors,
    )


def _http_error(_request: HttpRequest, error: Any) -> HttpResponse:
    return problem(status=error.status_code, code="http-error", title=str(error))
