"""Deleting somebody's account on their request (Rule D12)."""

from collections.abc import Sequence
from http import HTTPStatus
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from adieu.accounts.addresses import KIND
from adieu.accounts.queries import AccountNotFound, profile
from adieu.accounts.step_up import proof_required
from adieu.activities.kinds import OperatorReason
from adieu.console.errors import later
from adieu.console.operators.forms import HAND_OVER, DeleteForm, FindForm
from adieu.console.operators.guard import operators_only
from adieu.core.canonical import NotAnAddress
from adieu.core.keeping import Blocker
from adieu.deletion import queries
from adieu.deletion.intents import ConfirmationUnderWay
from adieu.deletion.on_request import (
    AccountUnsettled,
    HeirIsLeaver,
    HeirUnsettled,
    NotTheirAddress,
    Order,
    OwnAccount,
    delete_on_request,
)
from adieu.deletion.requests import DeletionBlocked
from adieu.identities.queries import holders_of
from adieu.kit.errors import Fact
from adieu.kit.who import account_id_of
from adieu.ledger.stores import UnableToAppend
from adieu.tenancy import ownership

CHANGED = "What is in the way has changed. Nothing was deleted. Look again."
UNABLE_TO_RECORD = (
    "Nothing was deleted: the list of deletions cannot be written at the moment. Try again in a minute."
)


@operators_only
@require_http_methods(["GET", "HEAD", "POST"])
@proof_required
def find(request: HttpRequest) -> HttpResponse:
    """Ask whose account it is; the address is in no link and in no log."""
    form = FindForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            account_id = _holder(form.cleaned_data["email"])
            return redirect("operators_delete", account_id=account_id)
        except (AccountNotFound, NotAnAddress) as fact:
            form.add_error("email", str(fact))
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return render(request, "console/operators/find.html", {"form": form}, status=status)


@operators_only
@require_http_methods(["GET", "HEAD", "POST"])
@proof_required
def delete(request: HttpRequest, account_id: UUID) -> HttpResponse:
    """Show what goes and what is in the way; on POST, delete the account."""
    blockers = queries.preflight(account_id=account_id).blockers
    form = DeleteForm(request.POST if request.method == "POST" else None, blockers)
    if not form.is_valid():
        status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
        return _page(request, account_id, form, blockers, status)
    try:
        deletion_id = delete_on_request(_order(request, account_id, form), now=timezone.now())
    except Fact as fact:
        return _refused(request, account_id, form, fact)
    messages.success(request, f"The account is gone. Deletion {deletion_id} erases the rest.")
    return redirect("operators")


def _order(request: HttpRequest, account_id: UUID, form: DeleteForm) -> Order:
    said = form.cleaned_data
    is_handed_over = said.get("settlement") == HAND_OVER
    operator_id = account_id_of(request)
    heir_id = _heir(said["heir"]) if is_handed_over else None
    return Order(
        account_id=account_id,
        address=said["email"],
        reason=OperatorReason(said["reason"]),
        actor_id=operator_id,
        override=form.override(actor_id=operator_id, heir_id=heir_id),
        seen=form.seen_ids,
    )


def _holder(address: str) -> UUID:
    holders = holders_of(kind=KIND, identifiers=[address])
    if address not in holders:
        raise AccountNotFound
    return holders[address]


def _heir(address: str) -> UUID:
    try:
        return _holder(address)
    except (AccountNotFound, NotAnAddress) as error:
        raise ownership.AccountNotFound from error


def _refused(request: HttpRequest, account_id: UUID, form: DeleteForm, fact: Fact) -> HttpResponse:
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    match fact:
        case NotTheirAddress():
            form.add_error("email", str(fact))
        case HeirIsLeaver() | HeirUnsettled() | ownership.TooManyMembers():
            form.add_error("heir", str(fact))
        case ownership.AccountNotFound():
            form.add_error("heir", "Nobody here has this address.")
        case OwnAccount() | AccountUnsettled():
            form.add_error(None, str(fact))
        case _:
            return _not_now(request, account_id, fact)
    return _page(request, account_id, form, queries.preflight(account_id=account_id).blockers, status)


def _not_now(request: HttpRequest, account_id: UUID, fact: Fact) -> HttpResponse:
    blockers = queries.preflight(account_id=account_id).blockers
    # What was ticked before was ticked for something else.
    fresh = DeleteForm(None, blockers)
    match fact:
        case DeletionBlocked():
            messages.error(request, CHANGED)
        case ConfirmationUnderWay():
            messages.error(request, f"{fact} Wait a minute, then look again.")
        case UnableToAppend():
            messages.error(request, UNABLE_TO_RECORD)
            return later(_page(request, account_id, fresh, blockers, HTTPStatus.SERVICE_UNAVAILABLE))
        case _:
            raise fact
    return _page(request, account_id, fresh, blockers, HTTPStatus.CONFLICT)


def _page(
    request: HttpRequest,
    account_id: UUID,
    form: DeleteForm,
    blockers: Sequence[Blocker],
    status: HTTPStatus,
) -> HttpResponse:
    try:
        person = profile(account_id=account_id)
    except AccountNotFound as missing:
        raise Http404 from missing
    description = queries.preflight(account_id=account_id).description
    context = {
        "form": form,
        "person": person,
        "blockers": blockers,
        "goes": description.goes,
        "told": description.told,
    }
    return render(request, "console/operators/delete.html", context, status=status)
