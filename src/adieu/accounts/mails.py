"""The mails about signing up, signing in and passwords: what they say and that they are owed."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.urls import reverse

from adieu.kit.setting_values import SignUp
from adieu.notices.composing import Composed, NothingToSay, OwedNotice, register
from adieu.notices.operations import owe_mail
from adieu.notices.rendering import render

DECOY = "accounts.decoy"
CODE_LIVES = timedelta(minutes=10)
EXPLANATION_LIVES = timedelta(days=1)
NOT_YOU = "If that was not you, there is nothing you need to do."


@dataclass(frozen=True)
class Letter:
    """A mail before it has an address."""

    kind: str
    subject: str
    paragraphs: tuple[str, ...]
    lives: timedelta
    code: str | None = None
    link: str | None = None


def sign_up_code(code: str) -> Letter:
    """The code that proves an address (Rule A1)."""
    return Letter(
        kind="accounts.sign_up_code",
        subject="Your code for signing up",
        paragraphs=(
            "Enter this code on the page where you signed up:",
            "It works for 10 minutes, in the browser you signed up with.",
            "If you did not sign up, there is nothing you need to do. Without the code nothing happens.",
        ),
        code=code,
        lives=CODE_LIVES,
    )


def reset_code(code: str) -> Letter:
    """The code that lets a person set a new password."""
    return Letter(
        kind="accounts.reset_code",
        subject="Your code for a new password",
        paragraphs=(
            "Enter this code on the page where you asked for a new password:",
            "It works for 10 minutes, in the browser you asked with.",
            "If that was not you, there is nothing you need to do. Your password stays as it is.",
        ),
        code=code,
        lives=CODE_LIVES,
    )


def account_exists() -> Letter:
    """To an account whose address somebody signed up with again."""
    return Letter(
        kind="accounts.account_exists",
        subject="You have an account already",
        paragraphs=(
            "Somebody, probably you, signed up with this address. It has an account already. Sign in here:",
            "If you do not know the password any more, you can set a new one from there.",
            NOT_YOU,
        ),
        link=_address("account_login"),
        lives=EXPLANATION_LIVES,
    )


def account_unknown() -> Letter:
    """To an address without an account whose password was to be reset."""
    letter = Letter(
        kind="accounts.account_unknown",
        subject="There is no account with this address",
        paragraphs=(
            "Somebody, probably you, asked for a new password. There is no account with this address.",
            "If you have an account with another address, use that one.",
            NOT_YOU,
        ),
        lives=EXPLANATION_LIVES,
    )
    if settings.ADIEU.signup is not SignUp.OPEN:
        return letter
    first, *others = letter.paragraphs
    return replace(
        letter, paragraphs=(f"{first} You can sign up here:", *others), link=_address("account_signup")
    )


def address_retired() -> Letter:
    """To an address whose account was deleted; only here is the refusal explained (Rule C5)."""
    return Letter(
        kind="accounts.address_retired",
        subject="This address cannot be used here again",
        paragraphs=(
            "Somebody, probably you, tried to sign up or to set a new password with this address.",
            "The account with this address was deleted for good. Its address cannot be used here again.",
            "If it was not you who deleted it, ask the operator of this installation.",
            "You get this mail at most once a day.",
        ),
        lives=EXPLANATION_LIVES,
    )


def password_changed() -> Letter:
    """To an account whose password is a new one."""
    return Letter(
        kind="accounts.password_changed",
        subject="Your password was changed",
        paragraphs=(
            "Your password was changed, and your other sessions ended. Not you? Set a new one here:",
        ),
        link=_address("account_reset_password"),
        lives=EXPLANATION_LIVES,
    )


def decoy() -> Letter:
    """A letter that is never sent: it costs what others cost, so the time tells nothing (Rule A5)."""
    return replace(account_exists(), kind=DECOY, lives=CODE_LIVES)


def owe(letter: Letter, *, address: str, now: datetime, account_id: UUID | None = None) -> None:
    """Owe a letter to an address.

    Raises:
        UnfitForMail: the address does not fit into the head of a mail.
    """
    text, html = render(letter.subject, letter.paragraphs, code=letter.code, link=letter.link)
    owe_mail(
        kind=letter.kind,
        address=address,
        subject=letter.subject,
        text=text,
        html=html,
        now=now,
        give_up_after=letter.lives,
        account_id=account_id,
    )


def register_decoy() -> None:
    """Let the delivery drop decoys."""
    register(DECOY, _drop)


def _drop(notice: OwedNotice) -> Composed:
    raise NothingToSay


def _address(name: str) -> str:
    return settings.ADIEU.base_url + reverse(name)
