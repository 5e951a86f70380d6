"""Pages for what goes wrong; they need no database, and the log learns no more than the status."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001
    """Say that the request cannot be read."""
    return render(request, "400.html", status=400)


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001
    """Say that the account may not open this page."""
    return render(request, "403.html", status=403)


def page_not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001
    """Say that there is nothing at this address."""
    return render(request, "404.html", status=404)


def too_many_requests(request: HttpRequest) -> HttpResponse:
    """Say that a limit was reached."""
    return render(request, "429.html", status=429)


def server_error(request: HttpRequest) -> HttpResponse:
    """Say that the console is at fault.

    Without context processors: they would read the session, and the database may be what is broken.
    """
    return HttpResponse(render_to_string("500.html", {"request": request}), status=500)


def form_too_old(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001
    """Say that a form was not accepted; most often because the session has ended in between."""
    account = getattr(request, "user", None)
    has_ended = bool(request.COOKIES) and not (account and account.is_authenticated)
    template = "console/errors/session_ended.html" if has_ended else "403_csrf.html"
    return render(request, template, status=403)
