"""The invitation that somebody followed on their way to sign-up."""

from datetime import datetime

from django.conf import settings
from django.http import HttpRequest

from adieu.accounts.addresses import key_of
from adieu.accounts.hooks import key_invited_by
from adieu.kit.setting_values import SignUp

FOLLOWED = "invitation"


def follow(request: HttpRequest, *, token: str) -> None:
    """Remember the link in the session, for the pages on the way to an account."""
    request.session[FOLLOWED] = token


def unfollow(request: HttpRequest) -> None:
    """Forget the link."""
    request.session.pop(FOLLOWED, None)


def invited_key_of(request: HttpRequest, *, now: datetime) -> str:
    """Give the claim key of the address that the followed link was sent to, while its invitation lives."""
    token = request.session.get(FOLLOWED)
    return key_invited_by(token=token, now=now) if token else ""


def may_sign_up_with(request: HttpRequest, *, sealed: str, now: datetime) -> bool:
    """Tell whether an address may be signed up with: by invitation it has to be the invited one (Rule A1)."""
    if settings.ADIEU.signup is not SignUp.INVITATION:
        return True
    return key_of(sealed) == invited_key_of(request, now=now)
