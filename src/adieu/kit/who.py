"""Who makes a request."""

from uuid import UUID

from django.http import HttpRequest


def account_id_of(request: HttpRequest) -> UUID:
    """Give the opaque id of the account that is signed in.

    Raises:
        LookupError: nobody is; the view forgot to ask for a sign-in.
    """
    account_id = request.user.pk
    if not isinstance(account_id, UUID):
        raise LookupError
    return account_id
