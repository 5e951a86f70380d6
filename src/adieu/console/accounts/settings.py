"""Account settings: profile, password, sessions, and the way to "Delete account"."""

from http import HTTPStatus

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from adieu.accounts import operations, queries, sessions
from adieu.accounts.addresses import AccountGone
from adieu.console.accounts.forms import ProfileForm
from adieu.kit.who import account_id_of


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def account_settings(request: HttpRequest) -> HttpResponse:
    """Show the settings; on POST, keep the profile."""
    profile = queries.profile(account_id=account_id_of(request))
    said = {"name": profile.name, "company": profile.company, "country": profile.country}
    form = ProfileForm(request.POST if request.method == "POST" else None, initial=said)
    if not form.is_bound:
        return _page(request, profile, form, HTTPStatus.OK)
    if not form.is_valid():
        return _page(request, profile, form, HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        operations.change_profile(
            account_id=profile.account_id,
            name=form.cleaned_data["name"],
            company=form.cleaned_data["company"],
            country=form.cleaned_data["country"],
        )
    except AccountGone:
        return redirect("account_login")
    messages.success(request, "Your profile is saved.")
    return redirect("account_settings")


@require_POST
@login_required
def end_session(request: HttpRequest, session_id: str) -> HttpResponse:
    """End one session; one that is gone already is what was wanted."""
    sessions.end(account_id=account_id_of(request), session_id=session_id)
    messages.success(request, "That session has ended.")
    return redirect("account_settings")


@require_POST
@login_required
def end_other_sessions(request: HttpRequest) -> HttpResponse:
    """End all sessions but this one."""
    sessions.end_others(account_id=account_id_of(request), current_key=request.session.session_key)
    messages.success(request, "Your other sessions have ended.")
    return redirect("account_settings")


def _page(
    request: HttpRequest, profile: queries.Profile, form: ProfileForm, status: HTTPStatus
) -> HttpResponse:
    context = {
        "profile_form": form,
        "person": profile,
        "address": profile.address,
        "sessions": sessions.sessions_of(
            account_id=profile.account_id,
            current_key=request.session.session_key,
            now=timezone.now(),
        ),
    }
    return render(request, "console/account/settings.html", context, status=status)
