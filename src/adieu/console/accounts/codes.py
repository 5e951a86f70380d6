"""The pages where a mailed code is typed: after sign-up, and to set a new password."""

from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from allauth.account import views as allauth
from allauth.account.internal.flows.email_verification import consume_email_verification_rate_limit
from allauth.account.internal.flows.email_verification_by_code import EMAIL_VERIFICATION_CODE_SESSION_KEY
from allauth.account.internal.flows.password_reset_by_code import (
    PASSWORD_RESET_VERIFICATION_SESSION_KEY,
    PasswordResetVerificationProcess,
)
from allauth.account.internal.stagekit import get_pending_stage
from django.contrib import messages
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.views.generic.edit import FormView

from adieu.accounts import mails, queries
from adieu.accounts.addresses import AccountGone, stashed
from adieu.accounts.forms import NewPasswordForm, ResetCodeForm, SignUpCodeForm
from adieu.console.accounts.entrance import AnsweredInFull
from adieu.console.errors import later
from adieu.kit.limits import LimitReached, take

MOST_TRIES = 5
CODE_ENDED = "That code does not work any more. Start again to get a new one."


class CodePage(FormView):  # type: ignore[type-arg]
    """What both pages share: five tries, counted so that tries side by side count, too (Rule A5)."""

    start = ""
    request: HttpRequest
    _process: Any

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Count the try before the code is compared."""
        if self.is_try() and not self.may_try(timezone.now()):
            self._process.abort()
            return self.ended()
        response: HttpResponse = super().post(request, *args, **kwargs)
        return response

    def is_try(self) -> bool:
        """Tell whether a code was typed."""
        return bool(self.request.POST.get("code", "").strip())

    def may_try(self, now: datetime) -> bool:
        """Use one of the five tries of this sign-up or reset."""
        # allauth counts in the session, where tries side by side overwrite each other's count.
        key = f"code:{self.request.session.session_key}:{self._process.state['at']}"
        try:
            take(key=key, limit=MOST_TRIES, per=timedelta(seconds=self._process.timeout), now=now)
        except LimitReached:
            return False
        return True

    def refused(self, form: BaseForm) -> HttpResponse:
        """Say that the code does not match and how many tries are left."""
        if form.has_error("code", "incorrect_code"):
            if not self._process.record_invalid_attempt():
                return self.ended()
            left = self._process.max_attempts - self._process.state["failed_attempts"]
            tries = "1 try" if left == 1 else f"{left} tries"
            form.errors["code"] = form.error_class([f"That code does not match. You have {tries} left."])
        # Not by `super`: allauth would count the try once more.
        return self.show(form, HTTPStatus.UNPROCESSABLE_ENTITY)

    def show(self, form: BaseForm, status: HTTPStatus) -> HttpResponse:
        """Show the page again."""
        response: HttpResponse = self.render_to_response(self.get_context_data(form=form), status=status)
        return response

    def ended(self) -> HttpResponse:
        """Lead back to the start."""
        messages.error(self.request, CODE_ENDED)
        return redirect(self.start)


class SignUpCode(CodePage, allauth.ConfirmEmailVerificationCodeView):
    """Type the code that proves the address."""

    form_class = SignUpCodeForm
    start = "account_signup"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Show the page to whoever signs up; those whose code ran out start again."""
        if request.user.is_authenticated:
            return redirect("account_settings")
        had_code = EMAIL_VERIFICATION_CODE_SESSION_KEY in request.session
        # allauth shows the page without a pending sign-up when there is no account behind it,
        # and so would tell whether there is one (Rule A5).
        if get_pending_stage(request) is None:
            request.session.pop(EMAIL_VERIFICATION_CODE_SESSION_KEY, None)
            return self._start_again(request, had_code)
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        if had_code and self._process is None:
            return self._start_again(request, had_code)
        return response

    def _start_again(self, request: HttpRequest, had_code: bool) -> HttpResponse:
        return self.ended() if had_code else redirect(self.start)

    def is_try(self) -> bool:
        """Tell whether a code was typed, and not a new one asked for."""
        return self._action == "verify" and super().is_try()

    def form_invalid(self, form: BaseForm) -> HttpResponse:
        """Refuse the code."""
        return self.refused(form)

    def _verify_form_valid(self, form: BaseForm) -> HttpResponseBase:
        address = self._process.email_address
        # Of two windows with the right code the second finds the address verified, and is let in, too.
        was_verified = address.verified
        if self._process.finish() is None and not was_verified:
            self.stage.abort()
            return self.ended()
        response: HttpResponseBase = self.stage.exit()
        return response

    def _resend_form_valid(self, form: BaseForm) -> HttpResponse:
        sealed = self._process.email
        if not consume_email_verification_rate_limit(self.request, sealed, dry_run=True):
            return self._too_soon()
        self._process.resend()
        plain = stashed(self.request, sealed=sealed)
        if self._process.user is None and plain:
            # Rule A5: who resends waits as long whether or not there is an account.
            owner = queries.account_with(sealed=sealed)
            mails.owe(mails.decoy(), address=plain, now=timezone.now(), account_id=owner)
        messages.info(self.request, "A new code is on its way. Earlier ones do not work any more.")
        return redirect("account_email_verification_sent")

    def _too_soon(self) -> HttpResponse:
        form = SignUpCodeForm(data={})
        form.errors["code"] = form.error_class(["Several codes were sent a moment ago. Wait a minute."])
        return later(self.show(form, HTTPStatus.TOO_MANY_REQUESTS))


class ResetCode(CodePage, allauth.ConfirmPasswordResetCodeView):
    """Type the code that lets one set a new password."""

    form_class = ResetCodeForm
    start = "account_reset_password"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Show the page to whoever asked for a code; those whose code ran out start again."""
        had_code = PASSWORD_RESET_VERIFICATION_SESSION_KEY in request.session
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        if self._process is None:
            return self.ended() if had_code else redirect(self.start)
        return response

    def form_invalid(self, form: BaseForm) -> HttpResponse:
        """Refuse the code."""
        return self.refused(form)

    def get_form_kwargs(self) -> dict[str, Any]:
        """Compare with the code; where there is no account, or none any more, no code is right (Rule D7)."""
        values: dict[str, Any] = super().get_form_kwargs()
        if self._process.user is None:
            values["code"] = ""
        return values


class SetPassword(AnsweredInFull, allauth.CompletePasswordResetView):
    """Set the new password."""

    form_class = NewPasswordForm

    def dispatch(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        """Start again when the account was erased meanwhile (Rule D7)."""
        process = PasswordResetVerificationProcess.resume(request)
        if process and process.user is None:
            process.abort()
        try:
            response: HttpResponseBase = super().dispatch(request, **kwargs)
        except AccountGone:
            PasswordResetVerificationProcess.resume(request).abort()
            return redirect("account_reset_password")
        return response
