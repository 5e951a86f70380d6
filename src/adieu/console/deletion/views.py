"""The way out, as pages. Every view translates, calls the domain once, translates back."""

from collections.abc import Sequence
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from adieu.accounts import sessions
from adieu.accounts.session_store import digest_of_key
from adieu.accounts.step_up import proof_required
from adieu.console import handing_over
from adieu.console.deletion.forms import AddressForm, ConfirmForm, FeedbackForm
from adieu.console.errors import later
from adieu.console.handing_over import HandOverForm
from adieu.console.within import within_organization
from adieu.core.keeping import Blocker
from adieu.deletion import crossing, intents, queries, requests, verification
from adieu.deletion import farewell as farewells
from adieu.deletion.consents import ConsentMissing
from adieu.deletion.models import RequestState
from adieu.deletion.promises import PROMISE_IN_WORDS
from adieu.kit.errors import Fact
from adieu.kit.limits import LimitReached
from adieu.kit.who import account_id_of
from adieu.ledger.stores import UnableToAppend
from adieu.tenancy import members
from adieu.tenancy.ownership import MemberNotFound

LONGEST_WAIT_IN_SECONDS = 120
UNABLE_TO_RECORD = (
    "Nothing was deleted: the list of deletions cannot be written at the moment. Your code still works for "
    "its 10 minutes. Try again in a minute."
)


@require_GET
@login_required
@proof_required
def blockers(request: HttpRequest) -> HttpResponse:
    """Show what is in the way, all at once (Rule D2)."""
    return _blockers_page(request, handing_over.form_for(request, _blockers_of(request)))


@require_http_methods(["GET", "HEAD", "POST"])
@within_organization
@proof_required
def hand_over(request: HttpRequest) -> HttpResponse:
    """Make the chosen members owners, one or all at once, and go on with what is left."""
    if request.method != "POST":
        return redirect("deletion_blockers")
    form = handing_over.form_for(request, _blockers_of(request))
    if not form.is_valid():
        return _blockers_page(request, form)
    try:
        members.make_owners(
            account_id=account_id_of(request),
            owners=form.owners,
            project_owners=form.project_owners,
            now=timezone.now(),
        )
    except MemberNotFound:
        messages.error(request, "Somebody you chose has left in the meantime. Nothing is changed.")
        return redirect("deletion_blockers")
    is_done = not form.only and not _blockers_of(request)
    return redirect("deletion_feedback" if is_done else "deletion_blockers")


def _blockers_of(request: HttpRequest) -> Sequence[Blocker]:
    return queries.preflight(account_id=account_id_of(request)).blockers


def _blockers_page(request: HttpRequest, form: HandOverForm) -> HttpResponse:
    context = {"cards": handing_over.cards(_blockers_of(request), form), "form": form}
    return _page(request, "blockers", context, is_refused=bool(form.errors))


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@proof_required
def feedback(request: HttpRequest) -> HttpResponse:
    """Ask why, and open the request (Rule D3)."""
    form = FeedbackForm(request.POST if request.method == "POST" else None, initial=_said_before(request))
    if not form.is_valid():
        return _page(request, "feedback", {"form": form}, is_refused=form.is_bound)
    try:
        requests.open_request(
            account_id=account_id_of(request),
            reason=form.cleaned_data["reason"],
            comment=form.cleaned_data["comment"],
            now=timezone.now(),
        )
    except requests.DeletionBlocked:
        return redirect("deletion_blockers")
    except requests.CommentNotAllowed as fact:
        form.add_error("comment", str(fact))
        return _page(request, "feedback", {"form": form}, is_refused=True)
    return redirect("deletion_confirm")


def _said_before(request: HttpRequest) -> dict[str, str]:
    last = queries.last_request(account_id=account_id_of(request))
    return {"reason": last.reason} if last and last.state == RequestState.OPEN else {}


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@proof_required
def code(request: HttpRequest) -> HttpResponse:
    """Send the code (Rule D4). Whoever comes back here from proving who they are goes on with the page."""
    if request.method != "POST":
        return redirect("deletion_confirm")
    form = AddressForm(request.POST)
    return _send_code(request, form) if form.is_valid() else _not_sent(request, form)


def _send_code(request: HttpRequest, form: AddressForm) -> HttpResponse:
    try:
        verification.send_code(
            account_id=account_id_of(request),
            address=form.cleaned_data["email"],
            session_digest=digest_of_key(request.session.session_key or ""),
            network_address=request.META["REMOTE_ADDR"],
            now=timezone.now(),
        )
    except requests.NoOpenRequest:
        return redirect("deletion_feedback")
    except requests.DeletionBlocked:
        return redirect("deletion_blockers")
    except verification.NotYourAddress as fact:
        form.add_error("email", str(fact))
        return _not_sent(request, form)
    except (verification.ResendTooSoon, LimitReached) as fact:
        return _too_soon(request, form, fact)
    return redirect("deletion_confirm")


def _not_sent(request: HttpRequest, form: AddressForm) -> HttpResponse:
    return _confirm_page(request, address_form=form, status=HTTPStatus.UNPROCESSABLE_ENTITY)


def _too_soon(
    request: HttpRequest, form: AddressForm, fact: verification.ResendTooSoon | LimitReached
) -> HttpResponse:
    seconds = max(1, round(fact.retry_after.total_seconds()))
    wait = f"{seconds} seconds" if seconds <= LONGEST_WAIT_IN_SECONDS else f"{-(-seconds // 60)} minutes"
    form.add_error(None, f"A new code can be sent in {wait}.")
    response = _confirm_page(request, address_form=form, status=HTTPStatus.TOO_MANY_REQUESTS)
    response["Retry-After"] = str(seconds)
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def confirm(request: HttpRequest) -> HttpResponseBase:
    """Show what goes and what stays; on POST, delete the account (Rules D5, D6)."""
    if request.method != "POST":
        return proof_required(_confirm_or_earlier_step)(request)
    form = ConfirmForm(request.POST)
    if not form.is_valid():
        return _confirm_page(request, confirm_form=form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        deletion_id = crossing.confirm(
            account_id=account_id_of(request),
            code=form.cleaned_data["code"],
            consents=form.cleaned_data["consents"],
            session_digest=digest_of_key(request.session.session_key or ""),
            now=timezone.now(),
        )
    except Fact as fact:
        return _refused(request, form, fact)
    sessions.let_go(request)
    return redirect("farewell", token=farewells.link_token(deletion_id=deletion_id))


def _confirm_or_earlier_step(request: HttpRequest) -> HttpResponse:
    account_id = account_id_of(request)
    if queries.preflight(account_id=account_id).blockers:
        return redirect("deletion_blockers")
    last = queries.last_request(account_id=account_id)
    if last is None:
        return redirect("deletion_feedback")
    if last.state == RequestState.ENDED:
        return render(request, "console/deletion/ended.html")
    return _confirm_page(request)


def _refused(request: HttpRequest, form: ConfirmForm, fact: Fact) -> HttpResponse:
    match fact:
        case requests.DeletionBlocked():
            return redirect("deletion_blockers")
        case requests.NoOpenRequest() | verification.CodeUsedUp():
            return redirect("deletion_confirm")
        case verification.RequestEnded():
            return render(request, "console/deletion/ended.html", status=HTTPStatus.GONE)
        case verification.OwnThingsChanged():
            names = [subject.name for subject in fact.new]
            return _confirm_page(request, message=str(fact), whats_new=names, status=HTTPStatus.CONFLICT)
        case intents.ConfirmationUnderWay() | UnableToAppend():
            return _not_now(request, fact)
        case _:
            return _not_fit(request, form, fact)


def _not_now(request: HttpRequest, fact: Fact) -> HttpResponse:
    if isinstance(fact, UnableToAppend):
        page = _confirm_page(request, message=UNABLE_TO_RECORD, status=HTTPStatus.SERVICE_UNAVAILABLE)
        return later(page)
    message = f"{fact} Wait a minute, then try again."
    return _confirm_page(request, message=message, status=HTTPStatus.CONFLICT)


def _not_fit(request: HttpRequest, form: ConfirmForm, fact: Fact) -> HttpResponse:
    match fact:
        case ConsentMissing():
            form.add_error("consents", "Tick every box. Each says something that cannot be undone.")
        case verification.WrongCode():
            tries = "1 try" if fact.tries_left == 1 else f"{fact.tries_left} tries"
            form.add_error("code", f"{fact} You have {tries} left.")
        case verification.CodeExpired() | verification.CodeOfAnotherSession() | verification.NoCodeSent():
            form.add_error("code", str(fact))
        case _:
            raise fact
    return _confirm_page(request, confirm_form=form, status=HTTPStatus.UNPROCESSABLE_ENTITY)


def _confirm_page(
    request: HttpRequest,
    *,
    address_form: AddressForm | None = None,
    confirm_form: ConfirmForm | None = None,
    message: str = "",
    whats_new: list[str] | None = None,
    status: HTTPStatus = HTTPStatus.OK,
) -> HttpResponse:
    account_id = account_id_of(request)
    description = queries.preflight(account_id=account_id).description
    sent = queries.code_sent(
        account_id=account_id,
        session_digest=digest_of_key(request.session.session_key or ""),
        now=timezone.now(),
    )
    context = {
        "address_form": address_form or AddressForm(),
        "confirm_form": confirm_form or ConfirmForm(),
        "code_sent": sent,
        "goes": description.goes,
        "stays": description.stays,
        "told": description.told,
        "promise": PROMISE_IN_WORDS,
        "message": message,
        "whats_new": whats_new or [],
    }
    return render(request, "console/deletion/confirm.html", context, status=status)


def _page(request: HttpRequest, name: str, context: dict[str, Any], *, is_refused: bool) -> HttpResponse:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if is_refused else HTTPStatus.OK
    return render(request, f"console/deletion/{name}.html", context, status=status)


@require_POST
@login_required
def cancel(request: HttpRequest) -> HttpResponse:
    """Keep the account: forget the request."""
    # Whoever keeps an account without having asked for anything is where they want to be.
    with suppress(requests.NoOpenRequest):
        requests.cancel(account_id=account_id_of(request), now=timezone.now())
    return redirect("account_settings")
