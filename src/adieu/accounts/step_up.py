"""Proving again who one is before something that cannot be undone (Rule D1).

allauth has a check of its own, which calls everybody "recently authenticated" who has neither a password
nor a second factor. Ours looks at the time of the last proof only, so it asks people without a password, too.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import wraps
from urllib.parse import urlencode

from allauth.account.authentication import get_authentication_records
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

PROOF_HOLDS = timedelta(minutes=10)
STEP_URL_NAME = "account_reauthenticate"

type View = Callable[..., HttpResponseBase]


def proved_at(request: HttpRequest) -> datetime | None:
    """Tell when this session's person last proved who they are, or nothing.

    allauth notes each proof in the session: password, code, passkey, provider.
    """
    if not request.user.is_authenticated:
        return None
    times = [record["at"] for record in get_authentication_records(request, request.user)]
    return datetime.fromtimestamp(max(times), tz=UTC) if times else None


def is_recently_proved(request: HttpRequest, now: datetime) -> bool:
    """Tell whether the last proof is at most 10 minutes old; one from the future is none."""
    proved = proved_at(request)
    return proved is not None and timedelta(0) <= now - proved <= PROOF_HOLDS


def proof_required(view: View) -> View:
    """Let a view of signed-in people be reached only soon after a proof; others are led to the step and back.

    The way back is a GET, so the view answers GET as well.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        if is_recently_proved(request, timezone.now()):
            return view(request, *args, **kwargs)
        # Django escapes a leading "//" here, so the way back cannot lead to another site.
        return HttpResponseRedirect(step_address(request.get_full_path()))

    return guarded


def step_address(back: str) -> str:
    """Give the address of the step, with the way back to a page of ours."""
    return f"{reverse(STEP_URL_NAME)}?{urlencode({REDIRECT_FIELD_NAME: back})}"
