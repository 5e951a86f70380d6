"""What goes wrong, as a page or, under `/api/`, as a problem; the log learns no more than the status."""

import sys
from http import HTTPStatus

from django.contrib.sessions.exceptions import SessionInterrupted
from django.db import DatabaseError, DataError, IntegrityError, InterfaceError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from adieu.kit.problem import problem

# Seconds. Most limits let go within a minute; one that does not says so again.
RETRY_AFTER = 60
SESSION_ENDED = "console/errors/session_ended.html"


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Say that the request cannot be read, or that its session ended while it was being answered."""
    if isinstance(exception, SessionInterrupted):
        return _interrupted(request)
    return _answer(request, HTTPStatus.BAD_REQUEST)


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Say that the account may not open this page."""
    return _answer(request, HTTPStatus.FORBIDDEN)


def page_not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Say that there is nothing at this address."""
    return _answer(request, HTTPStatus.NOT_FOUND)


def too_many_requests(request: HttpRequest) -> HttpResponse:
    """Say that a limit was reached, and when to try again (RFC 9110 section 10.2.3)."""
    return later(_answer(request, HTTPStatus.TOO_MANY_REQUESTS))


def server_error(request: HttpRequest) -> HttpResponse:
    """Say that the console is at fault, or that the database does not answer and it is worth a second try.

    Without context processors: they would read the session, and the database may be what is broken.
    """
    is_down = _is_about_the_database(sys.exception())
    status = HTTPStatus.SERVICE_UNAVAILABLE if is_down else HTTPStatus.INTERNAL_SERVER_ERROR
    if _is_api(request):
        answer = _problem(status)
    else:
        page = render_to_string(f"{status.value}.html", {"request": request})
        answer = HttpResponse(page, status=status)
    return later(answer) if is_down else answer


def form_too_old(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Say that a form was not accepted; most often because the session has ended in between."""
    account = getattr(request, "user", None)
    has_ended = bool(request.COOKIES) and not (account and account.is_authenticated)
    template = SESSION_ENDED if has_ended else "403_csrf.html"
    return render(request, template, status=HTTPStatus.FORBIDDEN)


def _interrupted(request: HttpRequest) -> HttpResponse:
    if _is_api(request):
        return problem(status=HTTPStatus.UNAUTHORIZED, code="not-signed-in", title="Sign in first.")
    return render(request, SESSION_ENDED, {"is_interrupted": True}, status=HTTPStatus.FORBIDDEN)


def _answer(request: HttpRequest, status: HTTPStatus) -> HttpResponse:
    if _is_api(request):
        return _problem(status)
    return render(request, f"{status.value}.html", status=status)


def later[Answer: HttpResponse](answer: Answer) -> Answer:
    """Say when to try again."""
    answer["Retry-After"] = str(RETRY_AFTER)
    return answer


def _is_about_the_database(error: BaseException | None) -> bool:
    """Tell whether a table could not be read or written; a value that does not fit is our own fault."""
    return isinstance(error, DatabaseError | InterfaceError) and not isinstance(
        error, IntegrityError | DataError
    )


def _is_api(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def _problem(status: HTTPStatus) -> HttpResponse:
    code = status.phrase.lower().replace(" ", "-")
    return problem(status=status, code=code, title=f"{status.phrase}.")
