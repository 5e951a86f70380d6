"""The members of an organization: list, roles, removal, handing over (Rules O1, O2, O5)."""

from dataclasses import dataclass
from http import HTTPStatus
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from adieu.console.members.forms import HandOverForm, RoleForm, SearchForm
from adieu.console.returning import safe_next
from adieu.console.within import within_organization
from adieu.kit.who import account_id_of
from adieu.tenancy import members as operations
from adieu.tenancy import permissions, queries, rosters
from adieu.tenancy.models import Role
from adieu.tenancy.ownership import LastOwner
from adieu.tenancy.permissions import Permission
from adieu.tenancy.rosters import Member


@dataclass(frozen=True)
class Row:
    """A member in the list, and what the one who looks may do about them."""

    member: Member
    is_self: bool
    is_last_owner: bool


@within_organization
@require_GET
def members(request: HttpRequest, organization_id: UUID) -> HttpResponse:
    """List the members, all or those whose name or address holds what was searched."""
    account_id = account_id_of(request)
    organization = queries.organization(organization_id=organization_id, account_id=account_id)
    form = SearchForm(request.GET if "search" in request.GET else None)
    search = form.cleaned_data["search"] if form.is_valid() else ""
    everybody = rosters.members_of(organization_id=organization_id, account_id=account_id)
    shown = rosters.matching(everybody, search)
    owner_count = sum(member.role == Role.OWNER for member in everybody)
    others = [member for member in everybody if member.account_id != account_id]
    context = {
        "organization": organization,
        "rows": [_row(member, account_id, owner_count) for member in shown],
        "form": form,
        "search": search,
        "count": len(everybody),
        "can_manage": _may_manage(organization_id, account_id),
        "hand_over_form": HandOverForm(None, members=others) if others else None,
        "next": safe_next(request),
        "place": "members",
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render(request, "console/members/list.html", context, status=status)


@within_organization
@require_POST
def change_role(request: HttpRequest, organization_id: UUID, member_id: UUID) -> HttpResponse:
    """Promote or demote a member."""
    form = RoleForm(request.POST)
    if not form.is_valid():
        raise BadRequest
    try:
        operations.change_role(
            organization_id=organization_id,
            account_id=account_id_of(request),
            member_id=member_id,
            role=Role(form.cleaned_data["role"]),
            now=timezone.now(),
        )
    except LastOwner as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "The role is changed.")
    return _back(request, organization_id)


@within_organization
@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: HttpRequest, organization_id: UUID, member_id: UUID) -> HttpResponse:
    """Say what removing somebody means; on POST, remove them."""
    account_id = account_id_of(request)
    _require_to_manage(organization_id, account_id)
    member = rosters.member_of(organization_id=organization_id, account_id=account_id, member_id=member_id)
    if request.method == "POST":
        return _remove(request, organization_id, member)
    context = {
        "organization": queries.organization(organization_id=organization_id, account_id=account_id),
        "member": member,
        "is_self": member_id == account_id,
        "place": "members",
    }
    return render(request, "console/members/remove.html", context)


@within_organization
@require_http_methods(["GET", "HEAD", "POST"])
def hand_over(request: HttpRequest, organization_id: UUID) -> HttpResponse:
    """Say what handing over means; on POST, make the chosen member owner in one's own place."""
    account_id = account_id_of(request)
    _require_to_manage(organization_id, account_id)
    others = [
        member
        for member in rosters.members_of(organization_id=organization_id, account_id=account_id)
        if member.account_id != account_id
    ]
    form = HandOverForm(request.POST if request.method == "POST" else request.GET, members=others)
    if form.is_valid() and request.method == "POST":
        return _hand_over(request, organization_id, form.cleaned_data["member"])
    chosen = form.cleaned_data.get("member")
    context = {
        "organization": queries.organization(organization_id=organization_id, account_id=account_id),
        "form": form,
        "member": next((member for member in others if member.account_id == chosen), None),
        "others": others,
        "place": "members",
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render(request, "console/members/hand_over.html", context, status=status)


def _remove(request: HttpRequest, organization_id: UUID, member: Member) -> HttpResponse:
    try:
        operations.remove_member(
            organization_id=organization_id,
            account_id=account_id_of(request),
            member_id=member.account_id,
            now=timezone.now(),
        )
    except operations.LeavingBlocked:
        # Whoever removes themselves leaves, and that page says what is in the way.
        return redirect("organization_leave", organization_id)
    except LastOwner as refusal:
        messages.error(request, str(refusal))
    else:
        # Without the name: the message waits in this session, which may outlive that person (Rule P1).
        messages.success(request, "That person is no longer a member.")
    return _back(request, organization_id)


def _hand_over(request: HttpRequest, organization_id: UUID, member_id: UUID) -> HttpResponse:
    operations.hand_over(
        organization_id=organization_id,
        account_id=account_id_of(request),
        member_id=member_id,
        now=timezone.now(),
    )
    messages.success(request, "The organization is handed over. You are a member of it now.")
    return _back(request, organization_id)


def _row(member: Member, account_id: UUID, owner_count: int) -> Row:
    is_last_owner = member.role == Role.OWNER and owner_count == 1
    return Row(member, member.account_id == account_id, is_last_owner)


def _may_manage(organization_id: UUID, account_id: UUID) -> bool:
    standing = permissions.standing_in(organization_id=organization_id, account_id=account_id)
    return standing.may(Permission.MANAGE_MEMBERS)


def _require_to_manage(organization_id: UUID, account_id: UUID) -> None:
    permissions.require(
        permission=Permission.MANAGE_MEMBERS, organization_id=organization_id, account_id=account_id
    )


def _back(request: HttpRequest, organization_id: UUID) -> HttpResponse:
    return redirect(safe_next(request) or reverse("organization_members", args=[organization_id]))
