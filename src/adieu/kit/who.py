"""Who makes a request."""

from uuid import UUID

from django.http import HttpRequest

from adieu.kit.errors import Fact


class NobodySignedIn(Fact):
    """Nobody is signed in."""


def account_id_of(request: HttpRequest) -> UUID:
    """Give the opaque id of the account that is signed in.

    Raises:
        NobodySignedIn: nobody is; the view forgot to ask for a sign-in.
    """
    account_id = request.user.pk
    if not isinstance(account_id, UUID):
        raise NobodySignedIn
    return account_id
