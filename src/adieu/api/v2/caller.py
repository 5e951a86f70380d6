"""Who calls, and in which organization: an API key works in one."""

from uuid import UUID

from django.http import HttpRequest
from ninja.errors import AuthenticationError

from adieu.api.v1.authentication import holder_of
from adieu.tenancy.api_keys import KeyHolder


def caller_of(request: HttpRequest) -> KeyHolder:
    """Give whose key came.

    Raises:
        AuthenticationError: none did.
    """
    holder = holder_of(request)
    if holder is None:
        raise AuthenticationError
    return holder


def who_and_where(request: HttpRequest) -> dict[str, UUID]:
    """Give the account and the organization, as queries take them."""
    holder = caller_of(request)
    return {"account_id": holder.account_id, "organization_id": holder.organization_id}
