"""`/api/v1/organizations/{id}/api-keys` and `/api/v1/api-keys…`: one's own keys (Rule O5)."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Status

from adieu.api.v1 import schemas_invitations as shapes
from adieu.api.v1.authentication import session_only
from adieu.api.v1.paging import Paging, page_of
from adieu.api.v1.schemas_organizations import CONFLICTING
from adieu.kit.who import account_id_of
from adieu.tenancy import api_keys as operations
from adieu.tenancy.api_keys import NewKey

organization_router = Router(tags=["API keys"])
router = Router(tags=["API keys"])


@organization_router.get("/{organization_id}/api-keys", response={200: shapes.ApiKeysOut, **CONFLICTING})
def api_keys(request: HttpRequest, organization_id: UUID, paging: Query[Paging]) -> dict[str, Any]:
    """List your own API keys in an organization, without their secrets."""
    rows = operations.rows_of(organization_id=organization_id, account_id=account_id_of(request))
    return page_of(
        rows,
        of=f"api keys {organization_id}",
        by=("created_at", "id"),
        paging=paging,
        show=operations.described,
    )


@organization_router.post(
    "/{organization_id}/api-keys",
    response={201: shapes.NewApiKeyOut, **CONFLICTING},
    auth=session_only,
)
def create(request: HttpRequest, organization_id: UUID, body: shapes.ApiKeyIn) -> Status[object]:
    """Make an API key; it is shown in this answer and never again."""
    made = operations.create(
        account_id=account_id_of(request),
        organization_id=organization_id,
        name=body.name,
        expires_at=body.expires_at,
        now=timezone.now(),
    )
    return Status(201, _shown(made))


@router.post("/{api_key_id}/reset", response={200: shapes.NewApiKeyOut, **shapes.ENDED}, auth=session_only)
def reset(request: HttpRequest, api_key_id: UUID) -> object:
    """Give a key a new secret; the old one is void at once."""
    return _shown(
        operations.reset(api_key_id=api_key_id, account_id=account_id_of(request), now=timezone.now())
    )


@router.delete("/{api_key_id}", response={204: None, **CONFLICTING})
def revoke(request: HttpRequest, api_key_id: UUID) -> Status[None]:
    """End a key."""
    operations.revoke(api_key_id=api_key_id, account_id=account_id_of(request), now=timezone.now())
    return Status(204, None)


def _shown(made: NewKey) -> dict[str, object]:
    return {"id": made.id, "key": made.secret}
