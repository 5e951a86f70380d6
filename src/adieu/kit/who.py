"""Who makes a request, and whether what they came with still counts."""

from collections.abc import Callable
from uuid import UUID

from django.http import HttpRequest

from adieu.kit.errors import Fact

# Whoever acts without a session; a client can set no such key, for its headers begin with HTTP_.
ACTING = "adieu.acting_account"
STILL_LIVES = "adieu.still_lives"


class NobodySignedIn(Fact):
    """Nobody is signed in."""


def account_id_of(request: HttpRequest) -> UUID:
    """Give the opaque id of the account that is signed in, or acts by one of its API keys.

    Raises:
        NobodySignedIn: nobody is; the view forgot to ask for a sign-in.
    """
    account_id = request.META.get(ACTING) or request.user.pk
    if not isinstance(account_id, UUID):
        raise NobodySignedIn
    return account_id


def act_as(request: HttpRequest, *, account_id: UUID) -> None:
    """Let a request act for an account whose API key came with it."""
    request.META[ACTING] = account_id


def came_with(request: HttpRequest, still_lives: Callable[[], bool]) -> None:
    """Note how to ask again whether the session or key that a request came with still lives (Rule D7)."""
    request.META[STILL_LIVES] = still_lives


def is_still_let_in(request: HttpRequest) -> bool:
    """Ask again, at this moment, whether what a request came with still lives; nothing is not let in."""
    still_lives: Callable[[], bool] | None = request.META.get(STILL_LIVES)
    return still_lives is not None and still_lives()
