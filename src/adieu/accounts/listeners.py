"""What happens when allauth tells that somebody signed in or has a new password."""

from typing import Any

from allauth.account import signals
from django.http import HttpRequest
from django.utils import timezone

from adieu.accounts import hooks, sessions
from adieu.accounts.addresses import unstash
from adieu.accounts.models import Account


def listen() -> None:
    """Connect to allauth's signals."""
    signals.user_logged_in.connect(signed_in, dispatch_uid="adieu.signed_in")
    signals.password_changed.connect(password_changed, dispatch_uid="adieu.password_changed")
    signals.password_reset.connect(password_reset, dispatch_uid="adieu.password_reset")


def signed_in(*, request: HttpRequest, user: Account, **_: Any) -> None:
    """Forget what was typed on the way in, and tell whoever waits for it (Rule A3)."""
    unstash(request)
    hooks.tell_signed_in(account_id=user.pk, now=timezone.now())


def password_changed(*, request: HttpRequest, user: Account, **_: Any) -> None:
    """End the other sessions: whoever knew the old password is out."""
    sessions.end_others(account_id=user.pk, current_key=request.session.session_key)


def password_reset(*, user: Account, **_: Any) -> None:
    """End all sessions: the person who resets is not signed in."""
    sessions.end_others(account_id=user.pk, current_key=None)
