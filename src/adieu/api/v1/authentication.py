"""Who calls: somebody with a session (and the CSRF token), or with an API key of theirs.

A key acts in its organization only (Note [Reach]), and it can neither delete the account, change its address
nor make further keys: those addresses ask for a session.
"""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from ninja.errors import AuthenticationError
from ninja.security import HttpBearer, SessionAuth

from adieu.accounts import terms
from adieu.kit.errors import Fact
from adieu.kit.who import act_as, came_with
from adieu.tenancy import api_keys
from adieu.tenancy.api_keys import KeyHolder
from adieu.tenancy.reach import confined_to

HOLDER = "adieu.api_key_holder"
SCHEME = "bearer "
PATHS = ("/api/v1/", "/v2/")


class SessionRequired(Fact):
    """This needs a session. An API key is not enough."""


class TermsNotAgreed(Fact):
    """The terms have changed. Sign in and agree to them."""


class Key(HttpBearer):
    """`Authorization: Bearer <API key>`."""

    def __call__(self, request: HttpRequest) -> KeyHolder | None:
        """Tell whose key it is; a header that is no key of anybody's is refused, whatever else is sent.

        Raises:
            AuthenticationError: the key was never made, was revoked, or has run out.
            TermsNotAgreed: its account has to agree first, as with a session.
        """
        if "Authorization" not in request.headers:
            return None
        holder = holder_of(request)
        if holder is None:
            raise AuthenticationError
        if not terms.has_agreed(account_id=holder.account_id):
            raise TermsNotAgreed
        act_as(request, account_id=holder.account_id)
        return holder

    def authenticate(self, request: HttpRequest, token: str) -> KeyHolder | None:
        """Not asked: `__call__` looks at what the middleware found."""
        raise NotImplementedError


class Session(SessionAuth):
    """The session cookie, with the CSRF token for everything that changes something."""

    def __call__(self, request: HttpRequest) -> object:
        """Tell who is signed in.

        Raises:
            SessionRequired: a key came where only a session counts.
            AuthenticationError: something else came in its place.
        """
        if "Authorization" not in request.headers:
            return super().__call__(request)
        if holder_of(request) is None:
            raise AuthenticationError
        raise SessionRequired


session_only = Session(csrf=True)
session_or_key = [Key(), session_only]


def api_key_middleware(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Look an API key up, and let nothing of the request reach beyond its organization."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        header = request.headers.get("Authorization", "")
        if not request.path.startswith(PATHS) or not header.lower().startswith(SCHEME):
            return get_response(request)
        secret = header[len(SCHEME) :].strip()
        holder = api_keys.authenticate(secret=secret, now=timezone.now())
        if holder is None:
            return get_response(request)
        request.META[HOLDER] = holder
        came_with(request, lambda: api_keys.is_live(secret=secret, now=timezone.now()))
        with confined_to(holder.organization_id):
            return get_response(request)

    return middleware


def holder_of(request: HttpRequest) -> KeyHolder | None:
    """Give whose key came with a request, and where it works."""
    holder = request.META.get(HOLDER)
    return holder if isinstance(holder, KeyHolder) else None
