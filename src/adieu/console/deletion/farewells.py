"""What is left to see: a page without a login, the receipt, and keys to check it (Rules D10, L3)."""

from http import HTTPStatus

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from adieu.console.errors import later
from adieu.deletion.farewell import DeletionNotFound, Progress, progress_by_token
from adieu.deletion.promises import PROMISE_IN_WORDS
from adieu.deletion.receipts import FILE_NAME, published_keys
from adieu.kit.headers import PUBLIC
from adieu.ledger.stores import UnableToRead


@require_GET
def farewell(request: HttpRequest, token: str) -> HttpResponse:
    """Show the progress of a deletion to whoever holds its link; there is no login left (Rule D10)."""
    progress = _progress_or_404(token)
    is_fragment = request.headers.get("HX-Request") == "true"
    template = "console/deletion/_progress.html" if is_fragment else "console/deletion/farewell.html"
    context = {
        "deletion": progress,
        "steps": progress.steps,
        "done_count": progress.done_count,
        "total": len(progress.steps),
        "is_late": progress.is_late(timezone.now()),
        "promise": PROMISE_IN_WORDS,
        "status_url": request.path,
        "token": token,
        "keys_url": f"{settings.ADIEU.base_url}{reverse('published_keys')}",
    }
    response = _for_nobody_else(render(request, template, context))
    response["Vary"] = "HX-Request"
    return response


@require_GET
def receipt(request: HttpRequest, token: str) -> HttpResponse:
    """Give the receipt as a file, as soon as it is issued."""
    file = _progress_or_404(token).receipt
    if file is None:
        raise Http404
    response = HttpResponse(file.text, content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="{FILE_NAME}"'
    return _for_nobody_else(response)


@require_GET
def keys(request: HttpRequest) -> HttpResponse:
    """Show the public keys, past ones included; everybody may read, keep and compare them."""
    try:
        response = HttpResponse(published_keys().text, content_type="application/json")
    except UnableToRead:
        return later(HttpResponse(status=HTTPStatus.SERVICE_UNAVAILABLE))
    response["Cache-Control"] = PUBLIC
    response["Access-Control-Allow-Origin"] = "*"
    return response


def _progress_or_404(token: str) -> Progress:
    try:
        return progress_by_token(token=token, now=timezone.now())
    except DeletionNotFound as error:
        raise Http404 from error


def _for_nobody_else(response: HttpResponse) -> HttpResponse:
    """Keep the address to whoever has it: it is the secret."""
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response
