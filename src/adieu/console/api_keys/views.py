"""One's own API keys in an organization; the key itself is shown once (Rule O5)."""

from http import HTTPStatus
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from adieu.console.api_keys.forms import KeyForm
from adieu.console.within import within_organization
from adieu.kit.who import account_id_of
from adieu.tenancy import api_keys as operations
from adieu.tenancy import queries
from adieu.tenancy.api_keys import ApiKeyExpired, ApiKeyNotFound, KnownKey, NewKey


@within_organization
@require_http_methods(["GET", "HEAD", "POST"])
def api_keys(request: HttpRequest, organization_id: UUID) -> HttpResponse:
    """List the keys; on POST, make one and show it."""
    form = KeyForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and (made := _create(request, organization_id, form)):
        return _show_once(request, organization_id, made)
    account_id = account_id_of(request)
    context = {
        "organization": queries.organization(organization_id=organization_id, account_id=account_id),
        "keys": operations.keys_of(account_id=account_id, organization_id=organization_id),
        "form": form,
        "place": "api_keys",
        "now": timezone.now(),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render(request, "console/api_keys/list.html", context, status=status)


@within_organization
@require_http_methods(["GET", "HEAD", "POST"])
def reset(request: HttpRequest, organization_id: UUID, api_key_id: UUID) -> HttpResponse:
    """Say what a reset means; on POST, give the key a new secret and show it."""
    key = _key(request, organization_id, api_key_id)
    if request.method != "POST":
        return _ask(request, key, "console/api_keys/reset.html")
    try:
        made = operations.reset(api_key_id=api_key_id, account_id=account_id_of(request), now=timezone.now())
    except ApiKeyExpired as refusal:
        messages.error(request, str(refusal))
        return redirect("organization_api_keys", organization_id)
    return _show_once(request, organization_id, made)


@within_organization
@require_http_methods(["GET", "HEAD", "POST"])
def revoke(request: HttpRequest, organization_id: UUID, api_key_id: UUID) -> HttpResponse:
    """Say what revoking means; on POST, end the key."""
    key = _key(request, organization_id, api_key_id)
    if request.method != "POST":
        return _ask(request, key, "console/api_keys/revoke.html")
    operations.revoke(api_key_id=api_key_id, account_id=account_id_of(request), now=timezone.now())
    messages.success(request, "The key is revoked. It stopped working at once.")
    return redirect("organization_api_keys", organization_id)


def _create(request: HttpRequest, organization_id: UUID, form: KeyForm) -> NewKey | None:
    now = timezone.now()
    try:
        return operations.create(
            account_id=account_id_of(request),
            organization_id=organization_id,
            name=form.cleaned_data["name"],
            expires_at=form.expires_at(now),
            now=now,
        )
    except (operations.ApiKeyNameTaken, operations.TooManyApiKeys) as refusal:
        form.add_error("name", str(refusal))
        return None


def _show_once(request: HttpRequest, organization_id: UUID, made: NewKey) -> HttpResponse:
    # No redirect: the secret would have to be kept for the page that it leads to.
    account_id = account_id_of(request)
    context = {
        "organization": queries.organization(organization_id=organization_id, account_id=account_id),
        "key": operations.key_of(api_key_id=made.id, account_id=account_id),
        "secret": made.secret,
        "place": "api_keys",
    }
    return render(request, "console/api_keys/shown.html", context)


def _ask(request: HttpRequest, key: KnownKey, template: str) -> HttpResponse:
    organization = queries.organization(
        organization_id=key.organization_id, account_id=account_id_of(request)
    )
    return render(request, template, {"organization": organization, "key": key, "place": "api_keys"})


def _key(request: HttpRequest, organization_id: UUID, api_key_id: UUID) -> KnownKey:
    try:
        key = operations.key_of(api_key_id=api_key_id, account_id=account_id_of(request))
    except ApiKeyNotFound as missing:
        raise Http404 from missing
    if key.organization_id != organization_id:
        raise Http404
    return key
