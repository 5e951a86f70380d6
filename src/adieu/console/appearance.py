"""Light, dark, or as the system says: kept in a cookie, since it says nothing of the person."""

from datetime import timedelta

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from adieu.console.returning import safe_next

APPEARANCES = ("light", "dark", "system")
KEPT_FOR = timedelta(days=365)


@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """Remember the appearance and show the same page again."""
    chosen = request.POST.get("appearance", "")
    if chosen not in APPEARANCES:
        raise BadRequest
    response = redirect(safe_next(request) or reverse("overview"))
    response.set_cookie(
        "appearance", chosen, max_age=KEPT_FOR, secure=request.is_secure(), httponly=True, samesite="Lax"
    )
    return response
