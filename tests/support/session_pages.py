"""Pages that do to a session what the tests of sessions need; never served."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from adieu.accounts.models import Session


def look(request: HttpRequest) -> HttpResponse:
    """Say who is signed in and what the session holds."""
    who = request.user.pk if request.user.is_authenticated else "nobody"
    return HttpResponse(f"{who} {request.session.get('note', '-')}")


def write(request: HttpRequest) -> HttpResponse:
    """Put something into the session."""
    request.session["note"] = request.GET["note"]
    return HttpResponse()


def ignore(request: HttpRequest) -> HttpResponse:
    """Leave the session alone."""
    return HttpResponse()


def vanish(request: HttpRequest) -> HttpResponse:
    """Write into a session that another request ends meanwhile."""
    request.session["note"] = "late words"
    Session.objects.all().delete()
    return HttpResponse()


def sign_out(request: HttpRequest) -> HttpResponse:
    """Drop the session."""
    request.session.flush()
    return HttpResponse()


def rotate(request: HttpRequest) -> HttpResponse:
    """Give the session another key."""
    request.session.cycle_key()
    return HttpResponse()


urlpatterns = [path(f"{page.__name__}/", page) for page in (look, write, ignore, vanish, sign_out, rotate)]
