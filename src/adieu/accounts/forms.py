"""The forms that allauth's views use, in our words and with sealed addresses."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import (
    ChangePasswordForm,
    ConfirmEmailVerificationCodeForm,
    ConfirmPasswordResetCodeForm,
    LoginForm,
    ReauthenticateForm,
    ResetPasswordForm,
    ResetPasswordKeyForm,
    SignupForm,
)
from allauth.core import context
from allauth.core.internal.cryptokit import compare_user_code
from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse_lazy
from django.utils import timezone
from django.utils.functional import lazy
from django.utils.html import format_html

from adieu.accounts import operations, queries, terms
from adieu.accounts.addresses import KIND, seal, seal_for_sign_in, stash
from adieu.accounts.invited import may_sign_up_with
from adieu.accounts.models import Account
from adieu.accounts.passwords import LONGEST, LengthValidator, refuse_likeness
from adieu.core.canonical import LONGEST_ADDRESS, NotAnAddress
from adieu.identities.operations import IdentityRetired
from adieu.identities.queries import ClaimStatus, status_of

LONGEST_CODE = 64


class AddressField(forms.CharField):
    """An e-mail address, as typed; the form seals it."""

    def __init__(self, **kwargs: Any) -> None:
        settings: dict[str, Any] = {
            "label": "E-mail address",
            "max_length": LONGEST_ADDRESS,
            "error_messages": {
                "required": "Type your e-mail address.",
                "max_length": f"That is longer than an address can be: {LONGEST_ADDRESS} characters.",
            },
            # Not EmailInput: browsers refuse local parts beyond ASCII there.
            "widget": forms.TextInput(
                attrs={
                    "inputmode": "email",
                    "autocomplete": "username",
                    "autocapitalize": "none",
                    "spellcheck": "false",
                }
            ),
        }
        super().__init__(**(settings | kwargs))

    def clean(self, value: Any) -> str:
        """Check that mail can be sent to it."""
        address: str = super().clean(value)
        try:
            seal(address)
        except NotAnAddress:
            raise get_adapter().validation_error("not_an_address") from None
        return address


class TypedPasswordField(forms.CharField):
    """A password, kept exactly as typed and never shown again."""

    def __init__(self, *, autocomplete: str, **kwargs: Any) -> None:
        settings: dict[str, Any] = {
            "label": "Password",
            "strip": False,
            "max_length": LONGEST,
            "error_messages": {
                "required": "Type your password.",
                "max_length": f"That is longer than {LONGEST} characters.",
            },
            "widget": forms.PasswordInput(attrs={"autocomplete": autocomplete}),
        }
        super().__init__(**(settings | kwargs))


class ChosenPasswordField(TypedPasswordField):
    """A new password of an account; allauth's forms set `user`."""

    user: Account | None = None

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(autocomplete="new-password", help_text=LengthValidator().get_help_text(), **kwargs)

    def clean(self, value: Any) -> str:
        """Check it against Rule A2."""
        password: str = super().clean(value)
        return get_adapter().clean_password(password, user=self.user)


class VersionInForce(forms.HiddenInput):
    """The version of the terms in force: shown again, the page asks about that text."""

    def format_value(self, _value: Any) -> str:
        """Give the version in force."""
        return terms.version()


class SignUpForm(SignupForm):
    """An address, a password and agreement to the terms (Rule A1)."""

    terms = forms.BooleanField(
        label="I agree to the terms",
        help_text=lazy(format_html, str)('<a href="{}">Read the terms</a>', reverse_lazy("terms")),
        error_messages={"required": "An account needs your agreement to the terms."},
    )
    terms_version = forms.CharField(required=False, max_length=64, widget=VersionInForce)
    field_order = ("email", "password1", "terms")
    address = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"] = AddressField()
        self.fields["password1"] = ChosenPasswordField()
        self.order_fields(self.field_order)

    def clean_email(self) -> str:
        """Seal the address and find out, for us alone, whether it can be had."""
        self.address = self.cleaned_data["email"]
        sealed = seal(self.address)
        # Compared with the invitation only, so it tells nothing about accounts (Rule A5).
        if not may_sign_up_with(context.request, sealed=sealed, now=timezone.now()):
            raise ValidationError("Sign up with the address that the invitation was sent to.")
        is_free = status_of(kind=KIND, identifier=self.address) is ClaimStatus.FREE
        self.account_already_exists = not is_free or queries.account_with(sealed=sealed) is not None
        return sealed

    def clean_terms_version(self) -> str:
        """Refuse agreement to a text that is not in force any more."""
        version: str = self.cleaned_data["terms_version"]
        if version and version != terms.version():
            raise ValidationError("The terms have changed. Read the new ones and agree again.")
        return version

    def clean(self) -> dict[str, Any]:
        """Refuse a password that is like the address."""
        cleaned: dict[str, Any] = super().clean()
        try:
            refuse_likeness(password=cleaned.get("password1", ""), address=self.address)
        except ValidationError as error:
            self.add_error("password1", error)
        return cleaned

    def try_save(self, request: HttpRequest) -> tuple[Account | None, HttpResponseBase | None]:
        """Make the account; where there is one, or was one, do as much work and make none (Rule A5)."""
        stash(request, sealed=self.cleaned_data["email"], plain=self.address)
        if self.account_already_exists:
            operations.rehearse_registration(
                address=self.address, password=self.cleaned_data["password1"], now=timezone.now()
            )
        try:
            saved: tuple[Account | None, HttpResponseBase | None] = super().try_save(request)
        except IdentityRetired:
            # Retired since `clean_email` looked: answered as if it had been so then.
            self.account_already_exists = True
            saved = super().try_save(request)
        return saved

    def save(self, request: HttpRequest) -> Account:
        """Make the account."""
        return operations.register(
            address=self.address, password=self.cleaned_data["password1"], now=timezone.now()
        )


class SignInForm(LoginForm):
    """An address and a password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Whatever was typed gets the same answer, so nothing about its form is checked here (Rule A5).
        self.fields["login"] = forms.CharField(
            label="E-mail address",
            widget=AddressField().widget,
            error_messages={"required": "Type your e-mail address."},
        )
        self.fields["password"] = TypedPasswordField(
            autocomplete="current-password",
            help_text=lazy(format_html, str)(
                '<a href="{}">Forgot your password?</a>', reverse_lazy("account_reset_password")
            ),
        )
        self.order_fields(["login", "password"])

    def clean_login(self) -> str:
        """Seal whatever was typed."""
        return seal_for_sign_in(self.cleaned_data["login"])


class AskForResetForm(ResetPasswordForm):
    """The address whose password is to be a new one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"] = AddressField()

    def clean_email(self) -> str:
        """Seal the address and find its account; one that was never verified is nobody's (Rule A5)."""
        self.address: str = self.cleaned_data["email"]
        sealed = seal(self.address)
        account = queries.account_row_with(sealed=sealed)
        # Asked for every address: when the claims cannot be read, nobody learns who has an account.
        is_live = status_of(kind=KIND, identifier=self.address) is ClaimStatus.LIVE
        self.users = [account] if account and is_live else []
        return sealed

    def save(self, request: HttpRequest, **kwargs: Any) -> str:
        """Send the code, or the mail that says there is no account."""
        stash(request, sealed=self.cleaned_data["email"], plain=self.address)
        sealed: str = super().save(request, **kwargs)
        return sealed


class CodeField(forms.CharField):
    """A code that came by mail."""

    def __init__(self) -> None:
        super().__init__(
            label="Code",
            help_text="8 digits, from the mail.",
            max_length=LONGEST_CODE,
            error_messages={
                "required": "Enter the code from the mail.",
                "max_length": "That is longer than a code.",
            },
            widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code"}),
        )


class SignUpCodeForm(ConfirmEmailVerificationCodeForm):
    """The code that proves the address."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"] = CodeField()

    def clean_code(self) -> str:
        """Compare it; where there is no account, no code is right.

        Whether the address can still be had is decided by the claim, not here.
        """
        code: str = self.cleaned_data["code"]
        is_right = compare_user_code(actual=code, expected=self.expected_code or "")
        if not is_right or self.user is None:
            raise get_adapter().validation_error("incorrect_code")
        return code


class ResetCodeForm(ConfirmPasswordResetCodeForm):
    """The code that lets a person set a new password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"] = CodeField()


class NewPasswordForm(ResetPasswordKeyForm):
    """The new password after a reset, typed once."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"] = ChosenPasswordField(label="New password")
        self.fields["password1"].user = self.user
        del self.fields["password2"]


class OtherPasswordForm(ChangePasswordForm):
    """A new password in place of the one a person knows."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["oldpassword"] = TypedPasswordField(
            autocomplete="current-password", label="Current password"
        )
        self.fields["password1"] = ChosenPasswordField(label="New password")
        self.fields["password1"].user = self.user
        del self.fields["password2"]


class ProofForm(ReauthenticateForm):
    """The password once more (Rule D1)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"] = TypedPasswordField(autocomplete="current-password")
