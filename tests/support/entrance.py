"""Going through the doors as a browser does: sign up, enter codes, sign in, and read one's mail."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.hashers import Argon2PasswordHasher
from django.core import mail
from django.core.mail import EmailMessage, mailers
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from adieu.core.canonical import canonical_email
from adieu.kit.passwords import Argon2idHasher
from adieu.notices.delivery import deliver_due
from adieu.notices.models import Notice, NoticeState
from adieu.notices.rendering import find_code
from tests.support.people import PASSWORD

CODE_PAGE = "/accounts/confirm-email/"


class CountingHasher(Argon2idHasher):
    """Hashes as we always do, and counts how often (Rule A5)."""

    hashes = 0

    def encode(self, password: str, salt: str) -> str:
        """Hash."""
        CountingHasher.hashes += 1
        return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        """Hash and compare."""
        CountingHasher.hashes += 1
        return Argon2PasswordHasher.verify(self, password, encoded)


def sign_up(browser: Client, address: str, password: str = PASSWORD, **changed: object) -> HttpResponse:
    """Send the form of the sign-up page; `None` leaves a field out."""
    sent: Mapping[str, Any] = {"email": address, "password1": password, "terms": "on", **changed}
    return send(browser, "/accounts/signup/", sent)


def sign_in(browser: Client, address: str, password: str = PASSWORD, **more: object) -> HttpResponse:
    """Send the form of the sign-in page."""
    return send(browser, "/accounts/login/", {"login": address, "password": password, **more})


def ask_for_reset(browser: Client, address: str) -> HttpResponse:
    """Send the form of the reset page."""
    return send(browser, "/accounts/password/reset/", {"email": address})


def enter_code(browser: Client, code: str, page: str = CODE_PAGE) -> HttpResponse:
    """Send the form of a page that asks for a code."""
    return send(browser, page, {"code": code})


def resend(browser: Client) -> HttpResponse:
    """Ask for a new code."""
    return send(browser, CODE_PAGE, {"action": "resend"})


def look(browser: Client, page: str) -> HttpResponse:
    """Look at a page."""
    answer: Any = browser.get(page)
    return answer  # type: ignore[no-any-return]


def send(browser: Client, page: str, values: Mapping[str, Any]) -> HttpResponse:
    """Send a form."""
    answer: Any = browser.post(page, {name: value for name, value in values.items() if value is not None})
    return answer  # type: ignore[no-any-return]


def mail_to(address: str) -> list[EmailMessage]:
    """Deliver what is owed, and give all that came to an address, the oldest first."""
    now = timezone.now()
    while Notice.objects.filter(state=NoticeState.OWED, next_attempt_at__lte=now).exists():
        deliver_due(now=now, mailer=mailers.default)
    mailbox = canonical_email(address)
    return [message for message in mail.outbox if canonical_email(message.to[0]) == mailbox]


def code_to(address: str) -> str:
    """Give the code in the latest mail to an address."""
    code = find_code(str(mail_to(address)[-1].body))
    assert code is not None
    return code


def join_by_browser(address: str, password: str = PASSWORD) -> Client:
    """Sign up, enter the code, and give the browser that is signed in."""
    browser = Client()
    sign_up(browser, address, password)
    answer = enter_code(browser, code_to(address))
    assert answer.status_code == 302, answer.content.decode()
    return browser


def is_signed_in(browser: Client) -> bool:
    """Tell whether a browser may see account settings."""
    return browser.get("/account/").status_code == 200


def another_code(code: str) -> str:
    """Give a code that is not this one."""
    return f"{(int(code) + 1) % 10**8:08}"
