"""What watches this installation asks: does it serve, can people be served, how do deletions and clusters go.

Nothing here is about a person: numbers, ages and the names of our own stores.
"""

import hmac
import logging
from collections.abc import Callable, Iterator

from django.conf import settings
from django.db import DatabaseError, connections
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound
from django.utils import timezone
from django.views.decorators.http import require_safe

from adieu.clusters.numbers import clusters_by_state
from adieu.deletion.numbers import Numbers, numbers
from adieu.kit import logs
from adieu.ledger.entries import LedgerDamaged
from adieu.ledger.places import installed_ledger
from adieu.ledger.stores import UnableToRead

SERVICE_UNAVAILABLE = 503
SCHEME = "Bearer "
# https://prometheus.io/docs/instrumenting/exposition_formats/
EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"


@require_safe
def healthz(_request: HttpRequest) -> HttpResponse:
    """Answer that the process serves."""
    return HttpResponse("ok", content_type="text/plain")


@require_safe
def readyz(_request: HttpRequest) -> HttpResponse:
    """Answer whether everything is there that serving people needs, and if not, what is missing."""
    missing = [name for name, look in LOOKS.items() if not _works(look)]
    if not missing:
        return HttpResponse("ready", content_type="text/plain")
    said = f"cannot be read: {', '.join(missing)}"
    return HttpResponse(said, content_type="text/plain", status=SERVICE_UNAVAILABLE)


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Give numbers to whoever has the token; without a token set there is no such page."""
    token, given = settings.ADIEU.metrics_token, request.headers.get("Authorization", "")
    if not token or not hmac.compare_digest(given.encode(), f"{SCHEME}{token}".encode()):
        return HttpResponseNotFound("not found", content_type="text/plain")
    lines = _lines(numbers(now=timezone.now()))
    return HttpResponse("\n".join(lines) + "\n", content_type=EXPOSITION)


def _works(look: Callable[[], object]) -> bool:
    try:
        look()
    except (DatabaseError, UnableToRead, LedgerDamaged) as error:
        logs.record("readiness.missing", level=logging.WARNING, exception=error)
        return False
    return True


def _ask(alias: str) -> None:
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT 1")


def _lines(found: Numbers) -> Iterator[str]:
    for name, what, values in (
        ("adieu_deletions", "Deletions by state.", found.deletions),
        ("adieu_erasure_steps", "Steps of deletions that are not over, by state.", found.steps),
        ("adieu_clusters", "Clusters by state.", clusters_by_state()),
    ):
        yield f"# HELP {name} {what}"
        yield f"# TYPE {name} gauge"
        yield from (f'{name}{{state="{state}"}} {count}' for state, count in values.items())
    for name, what, value in (
        ("adieu_deletions_late", "Deletions that take longer than promised.", found.late),
        ("adieu_deletion_oldest_seconds", "Age of the oldest deletion that is not completed.", found.oldest),
        ("adieu_erasure_step_retries", "Failed tries of steps that are not done.", found.retries),
        ("adieu_notices_owed", "Mails that are owed.", found.notices_owed),
        ("adieu_ledger_lines_owed", "Lines that the ledger is owed.", found.lines_owed),
    ):
        yield from (f"# HELP {name} {what}", f"# TYPE {name} gauge", f"{name} {value:g}")


LOOKS: dict[str, Callable[[], object]] = {
    "main database": lambda: _ask("default"),
    "vault": lambda: _ask("vault"),
    "ledger": lambda: installed_ledger().head(),
}
