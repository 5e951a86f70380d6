"""How allauth meets Adieu: addresses are sealed, mails are notices, and a verified address is claimed.

allauth tells no time, so this module and `forms` read the clock, as the faces do.
"""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import record_authentication
from allauth.account.models import EmailAddress
from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from adieu.accounts import mails, operations, queries
from adieu.accounts.addresses import (
    KIND,
    AccountGone,
    AddressUnknown,
    is_sealed,
    key_of,
    plain_of_account,
    seal,
    stash,
    stashed,
)
from adieu.accounts.invited import invited_key_of
from adieu.accounts.mails import Letter
from adieu.accounts.models import Account
from adieu.accounts.passwords import refuse_likeness
from adieu.core.canonical import NotAnAddress
from adieu.identities.operations import IdentityRetired, IdentityTaken
from adieu.identities.queries import ClaimStatus, status_of
from adieu.kit.setting_values import SignUp
from adieu.kit.transactions import transaction
from adieu.notices.operations import take_refusal_mail

# What the door answers with "that code does not match any more" (Rule C3).
REFUSALS = (AccountGone, AddressUnknown, IdentityRetired, IdentityTaken, IntegrityError)


class AccountsAdapter(DefaultAccountAdapter):
    """allauth's hooks."""

    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": "This address and this password do not belong together. "
        "Check both. If you never entered the code that was mailed to you, sign up again.",
        "enter_current_password": "This is not your current password.",
        "incorrect_code": "That code does not match.",
        "incorrect_password": "This is not your password.",
        "not_an_address": "This is not an address that mail can be sent to. Type one like name@example.org.",
        "too_many_login_attempts": "That was tried too often. Wait some minutes, then try again.",
        "rate_limited": "That was tried too often. Wait some minutes, then try again.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Tell whether whoever asks may sign up: anybody, or who holds a live invitation's link (Rule A1)."""
        if settings.ADIEU.signup is SignUp.INVITATION:
            return bool(invited_key_of(request, now=timezone.now()))
        return settings.ADIEU.signup is SignUp.OPEN

    def is_ajax(self, request: HttpRequest) -> bool:
        """No page answers as JSON: allauth's answer quotes the typed password."""
        return False

    def clean_email(self, email: str) -> str:
        """Seal an address that comes in by a door that is not one of our forms."""
        request: HttpRequest = context.request
        if is_sealed(email) and stashed(request, sealed=email):
            return email
        try:
            sealed = seal(email)
        except NotAnAddress:
            raise self.validation_error("not_an_address") from None
        stash(request, sealed=sealed, plain=email)
        return sealed

    def clean_password(self, password: str, user: AbstractBaseUser | None = None) -> str:
        """Refuse passwords that are short, common or like the account's address (Rule A2)."""
        super().clean_password(password, user=user)
        if isinstance(user, Account):
            plain = plain_of_account(sealed=user.email, account_id=user.pk)
            refuse_likeness(password=password, address=plain or "")
        return password

    def set_password(self, user: AbstractBaseUser | None, password: str) -> None:
        """Write the new password and nothing else; an account that is gone stays gone (Rule D7).

        Raises:
            AccountGone: the account was erased meanwhile.
        """
        # allauth found nobody: the erasure came between its look and this.
        if user is None:
            raise AccountGone
        user.set_password(password)
        try:
            user.save(update_fields=["password"])
        except Account.NotUpdated as error:
            raise AccountGone from error

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Count failed sign-ins by address and network: a stranger elsewhere cannot keep a person out."""
        key: str = super()._get_login_attempts_cache_key(request, **credentials)
        return f"{key}:{request.META['REMOTE_ADDR']}"

    def reauthenticate(self, user: AbstractBaseUser, password: str) -> bool:
        """Check the password without the limit on failed sign-ins.

        That limit counts by address, so a stranger who fails often would keep a person from leaving;
        the step has a limit of its own, by account.
        """
        return user.check_password(password)

    def login(self, request: HttpRequest, user: AbstractBaseUser) -> None:
        """Begin the session; an account that was erased in this moment is led back to sign-in (Rule D7)."""
        try:
            super().login(request, user)
        except Account.NotUpdated as error:
            request.session.flush()
            raise ImmediateHttpResponse(HttpResponseRedirect(reverse("account_login"))) from error

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        """Mark an address as verified and claim it, both or none (Rule C3); tell whether it is."""
        try:
            with transaction():
                is_confirmed = super().confirm_email(request, email_address)
        except REFUSALS:
            email_address.verified = False
            return False
        if is_confirmed:
            operations.erase_namesakes(sealed=email_address.email, now=timezone.now())
            if not request.user.is_authenticated:
                # Who signs up has just typed the password and the mailed code: that is a proof (Rule D1).
                record_authentication(request, email_address.user, method="sign_up")
        return is_confirmed

    def send_mail(self, template_prefix: str, email: str, context: Mapping[str, Any]) -> None:
        """Owe the mail that allauth wants to send."""
        letters[template_prefix](email, context)

    def send_notification_mail(
        self,
        template_prefix: str,
        user: AbstractBaseUser,
        context: Mapping[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        """Tell a person that their password is new; with no network address or browser in it (Rule P1)."""
        if isinstance(user, Account) and template_prefix in PASSWORD_NEWS:
            _owe_to_account(mails.password_changed(), user)


PASSWORD_NEWS = {
    "account/email/password_changed",
    "account/email/password_reset",
    "account/email/password_set",
}


def display(user: AbstractBaseUser) -> str:
    """Name an account where allauth wants to name it: by its id, never by its address."""
    return str(user.pk)


def _owe_code(letter: Callable[[str], Letter]) -> Callable[[str, Mapping[str, Any]], None]:
    def owe(sealed: str, values: Mapping[str, Any]) -> None:
        account = values.get("user") or queries.account_row_with(sealed=sealed)
        if account is None:
            raise AccountGone
        _owe_to_account(letter(values["code"]), account)

    return owe


def _owe_to_account(letter: Letter, account: Account) -> None:
    # To the address as the account wrote it, not as somebody typed it now: two mailboxes may share
    # one canonical form.
    plain = plain_of_account(sealed=account.email, account_id=account.pk)
    if plain is None:
        raise AddressUnknown
    mails.owe(letter, address=plain, now=timezone.now(), account_id=account.pk)


def _owe_answer(letter: Callable[[], Letter]) -> Callable[[str, Mapping[str, Any]], None]:
    def owe(sealed: str, _values: Mapping[str, Any]) -> None:
        account_id = queries.account_with(sealed=sealed)
        own = plain_of_account(sealed=sealed, account_id=account_id) if account_id else None
        plain = own or stashed(context.request, sealed=sealed)
        if plain is None:
            raise AddressUnknown
        now = timezone.now()
        # One transaction, one commit: a retired address takes no longer than others (Rule A5).
        with transaction():
            if status_of(kind=KIND, identifier=plain) is ClaimStatus.RETIRED:
                may_tell = take_refusal_mail(address_key=key_of(sealed), now=now)
                answer = mails.address_retired() if may_tell else mails.decoy()
            else:
                answer = letter()
            mails.owe(answer, address=plain, now=now, account_id=account_id)

    return owe


letters: dict[str, Callable[[str, Mapping[str, Any]], None]] = {
    "account/email/email_confirmation": _owe_code(mails.sign_up_code),
    "account/email/email_confirmation_signup": _owe_code(mails.sign_up_code),
    "account/email/password_reset_code": _owe_code(mails.reset_code),
    "account/email/account_already_exists": _owe_answer(mails.account_exists),
    "account/email/unknown_account": _owe_answer(mails.account_unknown),
}
