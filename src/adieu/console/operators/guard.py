"""What all pages for operators have in common."""

from collections.abc import Callable
from functools import wraps

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase

from adieu.accounts.operators import is_operator
from adieu.kit.who import account_id_of

type View = Callable[..., HttpResponseBase]


def operators_only(view: View) -> View:
    """Ask for a sign-in; to whoever is no operator, or not any more, there is nothing here."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        if not is_operator(account_id=account_id_of(request)):
            raise Http404
        return view(request, *args, **kwargs)

    return login_required(guarded)
