"""The development mailbox: what would have gone out, had a mail server been set. Only on this machine."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_GET

from adieu.kit.environment import is_loopback_host
from adieu.notices import development

# A mail brings its styles with it. It may do nothing else.
MAIL_POLICY = {"default-src": ["'none'"], "style-src": ["'unsafe-inline'"], "sandbox": ""}


def _only_here[**P](
    view: Callable[Concatenate[HttpRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Hide a page from all but this machine, and where mail goes out: it shows everyone's codes."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not settings.ADIEU.has_development_mailbox:
            raise Http404
        if not is_loopback_host(request.META.get("REMOTE_ADDR", "")):
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


@_only_here
@require_GET
def messages(request: HttpRequest) -> HttpResponse:
    """List what came, newest first."""
    return render(request, "console/mailbox/messages.html", {"messages_received": development.messages()})


@_only_here
@require_GET
def message(request: HttpRequest, message_id: UUID) -> HttpResponse:
    """Show one message as text."""
    return render(request, "console/mailbox/message.html", {"message": _found(message_id)})


@_only_here
@require_GET
@csp_override(MAIL_POLICY)
def as_html(request: HttpRequest, message_id: UUID) -> HttpResponse:
    """Show one message as a mail program would."""
    return HttpResponse(_found(message_id).html)


def _found(message_id: UUID) -> development.DevelopmentMessage:
    try:
        return development.message(message_id)
    except development.MessageNotFound as missing:
        raise Http404 from missing
