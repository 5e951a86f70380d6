"""The mail about an archive: whoever asks in somebody's name does not do so unseen."""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.urls import reverse

from adieu.notices.composing import Composed, NothingToSay, OwedNotice, register
from adieu.notices.operations import owe
from adieu.notices.rendering import render
from adieu.vault.queries import read

ASKED = "archives.asked"
MAIL_LIVES = timedelta(days=1)
PARAGRAPHS = (
    "Somebody signed in to your account, probably you, asked for an archive of your data.",
    "For 1 hour it can be downloaded by whoever is signed in and has just proved who they are.",
    "Not you? Set a new password here. That ends all sessions of your account:",
)


def register_mails() -> None:
    """Tell the notices how this mail is written."""
    register(ASKED, compose_asked)


def owe_asked(*, account_id: UUID, now: datetime) -> None:
    """Owe the mail that an archive was asked for."""
    owe(kind=ASKED, now=now, give_up_after=MAIL_LIVES, account_id=account_id)


def compose_asked(notice: OwedNotice) -> Composed:
    """Write to the person whose data it is."""
    people = read([notice.account_id]) if notice.account_id else {}
    if notice.account_id not in people:
        raise NothingToSay
    subject = "An archive of your data was asked for"
    link = settings.ADIEU.base_url + reverse("account_reset_password")
    text, html = render(subject, PARAGRAPHS, link=link)
    return Composed(people[notice.account_id].address, subject, text, html)
