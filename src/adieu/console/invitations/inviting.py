"""The pages of those who invite (Rule O3)."""

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from adieu.console.invitations.forms import InviteForm
from adieu.console.within import within_organization
from adieu.kit.limits import LimitReached
from adieu.kit.who import account_id_of
from adieu.tenancy import invitations as operations
from adieu.tenancy import offers, queries
from adieu.tenancy.invitees import AddressesNotFit, NoAddresses, TooManyAddresses, TooManyInvitations
from adieu.tenancy.permissions import Permission, standing_in

LONGEST_IN_SECONDS = 120


@within_organization
@require_http_methods(["GET", "HEAD", "POST"])
def invitations(request: HttpRequest, organization_id: UUID) -> HttpResponse:
    """List what is pending, and invite."""
    form = _form(request, organization_id)
    if form.is_valid() and _is_sent(request, organization_id, form):
        return redirect("organization_invitations", organization_id)
    account_id = account_id_of(request)
    rows = offers.pending_in(organization_id=organization_id, account_id=account_id, now=timezone.now())
    context = {
        "organization": queries.organization(organization_id=organization_id, account_id=account_id),
        "invitations": offers.described(rows.order_by("-sent_at", "id")),
        "form": form,
        "place": "members",
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render(request, "console/invitations/list.html", context, status=status)


@within_organization
@require_POST
def resend(request: HttpRequest, organization_id: UUID, invitation_id: UUID) -> HttpResponse:
    """Send an invitation again."""
    said = "The invitation is on its way again. It works for another 48 hours."
    return _settle(request, organization_id, invitation_id, operations.resend, said)


@within_organization
@require_POST
def revoke(request: HttpRequest, organization_id: UUID, invitation_id: UUID) -> HttpResponse:
    """Take an invitation back."""
    return _settle(
        request, organization_id, invitation_id, operations.revoke, "The invitation is taken back."
    )


def _form(request: HttpRequest, organization_id: UUID) -> InviteForm:
    account_id = account_id_of(request)
    standing = standing_in(organization_id=organization_id, account_id=account_id)
    return InviteForm(
        request.POST if request.method == "POST" else None,
        projects=offers.projects_to_offer(organization_id=organization_id, account_id=account_id),
        may_give_any_role=standing.may(Permission.MANAGE_MEMBERS),
    )


def _is_sent(request: HttpRequest, organization_id: UUID, form: InviteForm) -> bool:
    try:
        sent = operations.invite(
            organization_id=organization_id,
            account_id=account_id_of(request),
            now=timezone.now(),
            **form.offered,
        )
    except AddressesNotFit as refusal:
        form.refuse(refusal)
        return False
    except (NoAddresses, TooManyAddresses, TooManyInvitations) as refusal:
        form.add_error("addresses", str(refusal))
        return False
    except LimitReached as refusal:
        form.add_error(None, _later(refusal))
        return False
    messages.success(
        request,
        "The invitation is on its way." if len(sent) == 1 else f"{len(sent)} invitations are on their way.",
    )
    return True


def _settle(
    request: HttpRequest,
    organization_id: UUID,
    invitation_id: UUID,
    operation: Callable[..., None],
    said: str,
) -> HttpResponse:
    now: datetime = timezone.now()
    keywords: dict[str, Any] = {"invitation_id": invitation_id, "account_id": account_id_of(request)}
    try:
        operation(now=now, **keywords)
    except offers.InvitationNotFound as missing:
        raise Http404 from missing
    except (operations.SentJustNow, LimitReached) as refusal:
        messages.error(request, _later(refusal))
    except offers.InvitationEnded:
        messages.error(request, "This invitation has ended already.")
    else:
        messages.success(request, said)
    return redirect("organization_invitations", organization_id)


def _later(refusal: operations.SentJustNow | LimitReached) -> str:
    seconds = max(1, round(refusal.retry_after.total_seconds()))
    wait = f"{seconds} seconds" if seconds < LONGEST_IN_SECONDS else f"{round(seconds / 60)} minutes"
    return f"{refusal} Wait {wait}, then try again."
