"""`/api/v1/organizations/{id}/members…`: who belongs to an organization (Rules O1, O2, O5)."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Status

from adieu.api.v1.paging import Paging, page_of
from adieu.api.v1.schemas_organizations import (
    CONFLICTING,
    REFUSED,
    MemberOut,
    MembersOut,
    OwnershipIn,
    RoleIn,
    SearchIn,
)
from adieu.kit.who import account_id_of
from adieu.tenancy import members, rosters
from adieu.tenancy.rosters import Member

router = Router(tags=["members"])


@router.get("/{organization_id}/members", response={200: MembersOut, **REFUSED})
def show(
    request: HttpRequest, organization_id: UUID, asked: Query[SearchIn], paging: Query[Paging]
) -> dict[str, Any]:
    """List the members, or those whose name or address holds what is searched."""
    return page_of(
        rosters.membership_rows(
            organization_id=organization_id, account_id=account_id_of(request), search=asked.search
        ),
        of=f"members {organization_id} {asked.search}",
        by=("joined_at", "id"),
        paging=paging,
        show=rosters.named,
    )


@router.patch("/{organization_id}/members/{account_id}", response={200: MemberOut, **CONFLICTING})
def change_role(request: HttpRequest, organization_id: UUID, account_id: UUID, body: RoleIn) -> Member:
    """Promote or demote a member."""
    members.change_role(
        organization_id=organization_id,
        account_id=account_id_of(request),
        member_id=account_id,
        role=body.role,
        now=timezone.now(),
    )
    return rosters.member_of(
        organization_id=organization_id, account_id=account_id_of(request), member_id=account_id
    )


@router.delete("/{organization_id}/members/{account_id}", response={204: None, **CONFLICTING})
def remove(request: HttpRequest, organization_id: UUID, account_id: UUID) -> Status[None]:
    """Remove a member; they are told by mail."""
    members.remove_member(
        organization_id=organization_id,
        account_id=account_id_of(request),
        member_id=account_id,
        now=timezone.now(),
    )
    return Status(204, None)


@router.post("/{organization_id}/ownership", response={204: None, **REFUSED})
def hand_over(request: HttpRequest, organization_id: UUID, body: OwnershipIn) -> Status[None]:
    """Make a member owner in your place; you become a member."""
    members.hand_over(
        organization_id=organization_id,
        account_id=account_id_of(request),
        member_id=body.account_id,
        now=timezone.now(),
    )
    return Status(204, None)
