"""The pages of those who are invited; a link alone lets nobody in (Rule O3)."""

from http import HTTPStatus

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from adieu.accounts.invited import follow, unfollow
from adieu.kit.setting_values import SignUp
from adieu.kit.who import account_id_of
from adieu.tenancy import invitations as operations
from adieu.tenancy import offers, queries
from adieu.tenancy.offers import InvitationEnded, InvitationNotFound, NotInvited
from adieu.tenancy.ownership import AccountNotFound, AlreadyMember, TooManyMembers
from adieu.tenancy.permissions import OrganizationNotFound


@require_safe
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Show an invitation to the person it was sent to; lead others to sign-in and sign-up."""
    try:
        if not request.user.is_authenticated:
            return _lead_in(request, token)
        unfollow(request)
        offer = offers.offer_behind(token=token, account_id=account_id_of(request), now=timezone.now())
    except (InvitationNotFound, InvitationEnded, NotInvited) as refusal:
        return _refuse(request, refusal)
    return render(request, "console/invitations/offer.html", {"offer": offer})


@require_POST
@login_required
def accept(request: HttpRequest, token: str) -> HttpResponse:
    """Become a member."""
    try:
        organization_id = operations.accept(
            token=token, account_id=account_id_of(request), now=timezone.now()
        )
    except (InvitationNotFound, InvitationEnded, NotInvited, AccountNotFound) as refusal:
        return _refuse(request, refusal)
    except (AlreadyMember, TooManyMembers) as refusal:
        messages.error(request, str(refusal))
        return redirect("overview")
    messages.success(request, "You are a member now.")
    return redirect("organization", organization_id)


@require_POST
@login_required
def decline(request: HttpRequest, token: str) -> HttpResponse:
    """Decline."""
    try:
        operations.decline(token=token, account_id=account_id_of(request), now=timezone.now())
    except (InvitationNotFound, InvitationEnded, NotInvited) as refusal:
        return _refuse(request, refusal)
    messages.success(request, "You declined the invitation.")
    return redirect("overview")


def _lead_in(request: HttpRequest, token: str) -> HttpResponse:
    name = offers.organization_behind(token=token, now=timezone.now())
    follow(request, token=token)
    context = {"organization_name": name, "can_sign_up": settings.ADIEU.signup is not SignUp.CLOSED}
    return render(request, "console/invitations/lead_in.html", context)


def _refuse(request: HttpRequest, refusal: Exception) -> HttpResponse:
    match refusal:
        case InvitationEnded() if request.user.is_authenticated and _is_member(request, refusal):
            return redirect("organization", refusal.organization_id)
        case InvitationEnded():
            return render(request, "console/invitations/ended.html", status=HTTPStatus.GONE)
        case NotInvited():
            return render(request, "console/invitations/not_invited.html", status=HTTPStatus.FORBIDDEN)
        case _:
            raise Http404 from refusal


def _is_member(request: HttpRequest, ended: InvitationEnded) -> bool:
    """Tell whether somebody follows the link they have used before."""
    try:
        queries.organization(organization_id=ended.organization_id, account_id=account_id_of(request))
    except OrganizationNotFound:
        return False
    return True
