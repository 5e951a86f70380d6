"""What is published so that anybody can check a receipt (Rule L3)."""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from adieu.console.errors import later
from adieu.deletion.receipts import published_keys
from adieu.kit.headers import PUBLIC
from adieu.ledger.stores import UnableToRead


@require_GET
def keys(request: HttpRequest) -> HttpResponse:
    """Show the public keys, past ones included; everybody may read, keep and compare them."""
    try:
        text = published_keys().text
    except UnableToRead:
        return later(HttpResponse(status=HTTPStatus.SERVICE_UNAVAILABLE))
    return HttpResponse(
        text,
        content_type="application/json",
        headers={"Cache-Control": PUBLIC, "Access-Control-Allow-Origin": "*"},
    )
