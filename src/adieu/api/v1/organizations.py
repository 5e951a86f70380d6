"""`/api/v1/organizations…`: organizations, as JSON (Rules O1, O2, O5, O6)."""

from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Status

from adieu.api.v1 import schemas
from adieu.api.v1.authentication import session_only
from adieu.api.v1.paging import Paging, page_of
from adieu.api.v1.schemas_organizations import (
    CONFLICTING,
    REFUSED,
    NameIn,
    OrganizationIn,
    OrganizationOut,
    OrganizationsOut,
)
from adieu.kit.who import account_id_of
from adieu.tenancy import members, operations, queries
from adieu.tenancy.information import Information
from adieu.tenancy.queries import OrganizationDetails

router = Router(tags=["organizations"])


@router.get("", response={200: OrganizationsOut, 401: schemas.Problem, 422: schemas.Problem})
def organizations(request: HttpRequest, paging: Query[Paging]) -> dict[str, Any]:
    """List the organizations you belong to, by name."""
    account_id = account_id_of(request)
    return page_of(
        queries.organization_rows(account_id=account_id),
        of="organizations",
        by=("name", "id"),
        paging=paging,
        show=partial(queries.detailed, account_id=account_id),
    )


# A key acts in its organization; a new one is another.
@router.post(
    "",
    response={201: OrganizationOut, 401: schemas.Problem, 403: schemas.Problem, 422: schemas.Problem},
    auth=session_only,
)
def create(request: HttpRequest, body: NameIn) -> Status[object]:
    """Create an organization with its default project. You own both."""
    organization_id = operations.create_organization(
        account_id=account_id_of(request), name=body.name, now=timezone.now()
    )
    return Status(201, _details(request, organization_id))


@router.get("/{organization_id}", response={200: OrganizationOut, **REFUSED})
def show(request: HttpRequest, organization_id: UUID) -> object:
    """Show an organization."""
    return _details(request, organization_id)


@router.patch("/{organization_id}", response={200: OrganizationOut, **REFUSED})
def change(request: HttpRequest, organization_id: UUID, body: OrganizationIn) -> object:
    """Change the name or the information of an organization."""
    now_said = _details(request, organization_id)
    said = Information(
        name=now_said.name,
        description=now_said.description,
        website=now_said.website,
        contact_id=now_said.contact_id,
        time_zone=now_said.time_zone,
    )
    operations.change_organization(
        organization_id=organization_id,
        account_id=account_id_of(request),
        information=replace(said, **body.model_dump(exclude_unset=True)),
        now=timezone.now(),
    )
    return _details(request, organization_id)


@router.delete("/{organization_id}", response={204: None, **REFUSED})
def delete(request: HttpRequest, organization_id: UUID, body: NameIn) -> Status[None]:
    """Delete an organization for good; `name` is its name, typed."""
    operations.delete_organization(
        organization_id=organization_id,
        account_id=account_id_of(request),
        typed_name=body.name,
        now=timezone.now(),
    )
    return Status(204, None)


@router.post("/{organization_id}/leave", response={204: None, **CONFLICTING, 409: schemas.Blocked})
def leave(request: HttpRequest, organization_id: UUID) -> Status[None]:
    """Leave an organization, with its projects and your API keys there."""
    members.leave_organization(
        organization_id=organization_id, account_id=account_id_of(request), now=timezone.now()
    )
    return Status(204, None)


def _details(request: HttpRequest, organization_id: UUID) -> OrganizationDetails:
    return queries.details_of(organization_id=organization_id, account_id=account_id_of(request))
