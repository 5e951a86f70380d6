"""allauth's views with our forms: every door that is open, and none of its others."""

from http import HTTPStatus

from allauth.account import views as allauth
from allauth.account.internal.flows.email_verification import consume_email_verification_rate_limit
from allauth.core import ratelimit
from django.conf import settings
from django.db import IntegrityError
from django.forms import BaseForm
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.generic.edit import FormMixin

from adieu.accounts.forms import (
    AskForResetForm,
    OtherPasswordForm,
    ProofForm,
    SignInForm,
    SignUpForm,
)
from adieu.console.errors import later

LIMITED = {"too_many_login_attempts", "rate_limited"}


class AnsweredInFull(FormMixin):  # type: ignore[type-arg]
    """A form that is refused answers with a status that says so."""

    def form_invalid(self, form: BaseForm) -> HttpResponse:
        """Show the form again: 422, or 429 where a limit refused it."""
        response: HttpResponse = super().form_invalid(form)
        response.status_code = refusal_of(form)
        return later(response) if response.status_code == HTTPStatus.TOO_MANY_REQUESTS else response


def refusal_of(form: BaseForm) -> HTTPStatus:
    """Give the status of a refused form."""
    codes = {error.code for errors in form.errors.as_data().values() for error in errors}
    return HTTPStatus.TOO_MANY_REQUESTS if codes & LIMITED else HTTPStatus.UNPROCESSABLE_ENTITY


class SignIn(AnsweredInFull, allauth.LoginView):
    """Sign in with an address and a password."""

    form_class = SignInForm

    def form_valid(self, form: SignInForm) -> HttpResponse:
        """Begin the session, unless the account was erased in this moment (Rule D7)."""
        try:
            response: HttpResponse = super().form_valid(form)
        except IntegrityError:
            # Whatever allauth wrote for the account found its row gone; so is what it had begun.
            self.request.session.flush()
            return redirect("account_login")
        return response


class SignUp(AnsweredInFull, allauth.SignupView):
    """Sign up with an address and a password."""

    form_class = SignUpForm

    def form_valid(self, form: SignUpForm) -> HttpResponse:
        """Make the account and send the code, unless this address had one a moment ago."""
        sealed = form.cleaned_data["email"]
        # Before anything is stored: allauth would find the limit after it had made the account.
        if not consume_email_verification_rate_limit(self.request, sealed, dry_run=True):
            return ratelimit.respond_429(self.request)
        if not ratelimit.consume(self.request, action="signup_address", key=sealed):
            return ratelimit.respond_429(self.request)
        response: HttpResponse = super().form_valid(form)
        return response

    def closed(self) -> HttpResponse:
        """Say that nobody, or nobody without an invitation, can sign up."""
        response: HttpResponse = self.response_class(
            request=self.request,
            template=self.template_name_signup_closed,
            context={"signup": settings.ADIEU.signup.value},
            status=HTTPStatus.FORBIDDEN,
        )
        return response


class AskForReset(AnsweredInFull, allauth.PasswordResetView):
    """Ask for a code that lets one set a new password."""

    form_class = AskForResetForm


class ChangePassword(AnsweredInFull, allauth.PasswordChangeView):
    """Change the password one knows."""

    form_class = OtherPasswordForm


class ProveAgain(AnsweredInFull, allauth.ReauthenticateView):
    """Prove again who one is (Rule D1)."""

    form_class = ProofForm
