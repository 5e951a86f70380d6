"""The archive of one's data: asking for it, seeing how far it is, and downloading it."""

from http import HTTPStatus
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from adieu.accounts.addresses import AccountGone
from adieu.accounts.step_up import proof_required
from adieu.archives import operations
from adieu.archives.operations import FILE_NAME, MEDIA_TYPE, ArchiveNotFound, ArchiveNotReady, Progress
from adieu.kit.downloads import download_file
from adieu.kit.limits import LimitReached
from adieu.kit.who import account_id_of

# Whoever comes from the way out is shown the way back to it.
LEAVING = "leaving"


@require_GET
@login_required
def show(request: HttpRequest) -> HttpResponseBase:
    """Show how far the archive is. Whoever only waits for it is not asked again who they are."""
    progress = operations.progress(account_id=account_id_of(request), now=timezone.now())
    if _is_fragment(request) or (progress is not None and progress.is_under_way):
        return _page(request, progress)
    return proof_required(_page_now)(request)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@proof_required
def ask(request: HttpRequest) -> HttpResponse:
    """Ask for an archive. Whoever comes back here from proving who they are goes on with the page."""
    page = reverse("account_data") + (f"?{LEAVING}=1" if LEAVING in request.GET else "")
    if request.method != "POST":
        return redirect(page)
    try:
        operations.ask(account_id=account_id_of(request), now=timezone.now())
    except LimitReached as fact:
        return _too_often(request, fact)
    except AccountGone:
        return redirect("account_login")
    return redirect(page)


@require_GET
@login_required
@proof_required
def fetch(request: HttpRequest, archive_id: UUID) -> HttpResponseBase:
    """Give the file, to nobody but the person whose it is."""
    now = timezone.now()
    try:
        size, parts = operations.content(account_id=account_id_of(request), archive_id=archive_id, now=now)
    except ArchiveNotReady:
        return redirect("account_data")
    except ArchiveNotFound as fact:
        return _page_now(request, message=str(fact), status=HTTPStatus.NOT_FOUND)
    return download_file(request, parts, name=FILE_NAME, media_type=MEDIA_TYPE, size=size)


def _too_often(request: HttpRequest, fact: LimitReached) -> HttpResponse:
    hours = -(-fact.retry_after.total_seconds() // 3600)
    wait = "an hour" if hours <= 1 else f"{hours:.0f} hours"
    message = f"You can have {operations.MOST_ASKS} archives a day. The next one can be prepared in {wait}."
    response = _page_now(request, message=message, status=HTTPStatus.TOO_MANY_REQUESTS)
    response["Retry-After"] = str(max(1, round(fact.retry_after.total_seconds())))
    return response


def _page_now(request: HttpRequest, *, message: str = "", status: HTTPStatus = HTTPStatus.OK) -> HttpResponse:
    progress = operations.progress(account_id=account_id_of(request), now=timezone.now())
    return _page(request, progress, message=message, status=status)


def _page(
    request: HttpRequest,
    progress: Progress | None,
    *,
    message: str = "",
    status: HTTPStatus = HTTPStatus.OK,
) -> HttpResponse:
    name = "_archive" if _is_fragment(request) else "archive"
    context = {
        "archive": progress,
        "message": message,
        "is_leaving": LEAVING in request.GET,
        "most_asks": operations.MOST_ASKS,
    }
    response = render(request, f"console/archives/{name}.html", context, status=status)
    response["Vary"] = "HX-Request"
    return response


def _is_fragment(request: HttpRequest) -> bool:
    return request.headers.get("HX-Request") == "true"
