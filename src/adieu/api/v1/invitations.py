"""`/api/v1/organizations/{id}/invitations` and `/api/v1/invitations…` (Rule O3)."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Status

from adieu.api.v1 import schemas_invitations as shapes
from adieu.api.v1.paging import Paging, page_of
from adieu.api.v1.schemas_organizations import CONFLICTING
from adieu.kit.who import account_id_of
from adieu.tenancy import invitations as operations
from adieu.tenancy import offers
from adieu.tenancy.models import Role

organization_router = Router(tags=["invitations"])
router = Router(tags=["invitations"])
# The latest sending first; the id decides between those of one moment.
ORDER = ("-sent_at", "id")


@organization_router.get(
    "/{organization_id}/invitations", response={200: shapes.InvitationsOut, **CONFLICTING}
)
def invitations(request: HttpRequest, organization_id: UUID, paging: Query[Paging]) -> dict[str, Any]:
    """List the pending invitations: all for owners, their own for members."""
    rows = offers.pending_in(
        organization_id=organization_id, account_id=account_id_of(request), now=timezone.now()
    )
    return page_of(rows, of=f"invitations {organization_id}", by=ORDER, paging=paging, show=offers.described)


@organization_router.post(
    "/{organization_id}/invitations",
    response={201: shapes.SentOut, **shapes.LIMITED, 422: shapes.AddressesProblem},
)
def invite(request: HttpRequest, organization_id: UUID, body: shapes.InviteIn) -> Status[object]:
    """Invite 1 to 100 people, all or none."""
    account_id, now = account_id_of(request), timezone.now()
    sent = operations.invite(
        organization_id=organization_id,
        account_id=account_id,
        addresses=body.emails,
        role=Role(body.role),
        project_id=body.project.id if body.project else None,
        project_role=Role(body.project.role) if body.project else Role.MEMBER,
        now=now,
    )
    rows = offers.pending_in(organization_id=organization_id, account_id=account_id, now=now)
    return Status(201, {"items": offers.described(rows.filter(id__in=sent).order_by(*ORDER))})


@router.delete("/{invitation_id}", response={204: None, **shapes.ENDED})
def revoke(request: HttpRequest, invitation_id: UUID) -> Status[None]:
    """Take an invitation back."""
    operations.revoke(invitation_id=invitation_id, account_id=account_id_of(request), now=timezone.now())
    return Status(204, None)


@router.post("/{invitation_id}/resend", response={204: None, **shapes.LIMITED})
def resend(request: HttpRequest, invitation_id: UUID) -> Status[None]:
    """Send an invitation again, 60 seconds after the last time at the earliest."""
    operations.resend(invitation_id=invitation_id, account_id=account_id_of(request), now=timezone.now())
    return Status(204, None)


@router.get("/by-link/{token}", response={200: shapes.OfferOut, **shapes.ENDED})
def by_link(request: HttpRequest, token: str) -> object:
    """Show an invitation to the account whose address it was sent to."""
    return offers.offer_behind(token=token, account_id=account_id_of(request), now=timezone.now())


@router.post("/by-link/{token}/accept", response={200: shapes.AcceptedOut, **shapes.ENDED})
def accept(request: HttpRequest, token: str) -> object:
    """Become a member."""
    organization_id = operations.accept(token=token, account_id=account_id_of(request), now=timezone.now())
    return {"organization_id": organization_id}


@router.post("/by-link/{token}/decline", response={204: None, **shapes.ENDED})
def decline(request: HttpRequest, token: str) -> Status[None]:
    """Decline."""
    operations.decline(token=token, account_id=account_id_of(request), now=timezone.now())
    return Status(204, None)
