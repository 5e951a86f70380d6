"""The terms, and agreeing to a new version of them (Rule A1)."""

from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_safe

from adieu.accounts import terms
from adieu.console.accounts.forms import AgreeForm
from adieu.console.returning import safe_next
from adieu.kit.problem import problem
from adieu.kit.who import account_id_of

# In the session, so that not every request asks the database again.
AGREED = "terms_agreed"
# What stays open without agreement: the terms, signing out, one's data, and the whole way out.
OPEN_PATHS = (
    "/terms/",
    "/accounts/",
    "/account/data/",
    "/account/deletion/",
    "/deletions/",
    "/appearance/",
    "/static/",
    "/healthz",
    "/readyz",
    "/metrics",
    "/development/",
    "/api/v1/account/deletion",
    "/api/v1/account/export",
    "/api/v1/deletions/",
    "/api/v1/openapi.json",
    # A session counts for nothing there, and a key is asked by the API itself.
    "/v2/",
)
# And what settles the blockers on pages of their own (Rule D2).
REMEDIES = frozenset({"organization_delete", "project_clusters", "cluster", "cluster_delete"})


@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """Show the terms in force."""
    return render(request, "console/account/terms.html", {"terms": terms.text(), "version": terms.version()})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def agree(request: HttpRequest) -> HttpResponse:
    """Ask for agreement; on POST, record it and go on to where the person was going."""
    form = AgreeForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        terms.agree(account_id=account_id_of(request), now=timezone.now())
        return HttpResponseRedirect(safe_next(request) or reverse("overview"))
    context = {"form": form, "terms": terms.text(), "version": terms.version(), "next": safe_next(request)}
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return render(request, "console/account/terms_agree.html", context, status=status)


def terms_middleware(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Ask whoever is signed in and did not agree to the terms in force; it stands after authentication."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        return get_response(request)

    def process_view(
        request: HttpRequest, _view: Callable[..., HttpResponseBase], *_: object
    ) -> HttpResponseBase | None:
        if _is_open(request) or not request.user.is_authenticated or _has_agreed(request):
            return None
        return _ask(request)

    middleware.process_view = process_view  # type: ignore[attr-defined]
    return middleware


def _is_open(request: HttpRequest) -> bool:
    match = request.resolver_match
    return request.path.startswith(OPEN_PATHS) or (match is not None and match.url_name in REMEDIES)


def _has_agreed(request: HttpRequest) -> bool:
    version = terms.version()
    if request.session.get(AGREED) == version:
        return True
    if not terms.has_agreed(account_id=account_id_of(request)):
        return False
    request.session[AGREED] = version
    return True


def _ask(request: HttpRequest) -> HttpResponseBase:
    if request.path.startswith("/api/"):
        return problem(
            status=HTTPStatus.FORBIDDEN,
            code="terms-not-agreed",
            title="The terms have changed.",
            detail=f"Agree to them at {settings.ADIEU.base_url}{reverse('terms_agree')}.",
        )
    back = request.get_full_path() if request.method in {"GET", "HEAD"} else reverse("overview")
    return redirect(f"{reverse('terms_agree')}?{urlencode({'next': back})}")
