"""The development mailbox: without a mail server, a newcomer reads their mail in the console.

It stands in the vault, so that a scan of everything else finds nobody (Rule P1).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend

from adieu.core.canonical import canonical_email
from adieu.core.claim_keys import claim_key
from adieu.kit.errors import Fact
from adieu.notices.rendering import find_code
from adieu.vault.models import DevelopmentMail, Entry

NOTICE_IN_MESSAGE_ID = re.compile(r"<([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})@")


@dataclass(frozen=True)
class DevelopmentMessage:
    """A message as the mailbox shows it; the address is empty once its account is gone."""

    id: UUID
    address: str
    subject: str
    text: str
    html: str
    received_at: datetime

    @property
    def code(self) -> str | None:
        """The code in it, if there is one."""
        return find_code(self.text)


class MessageNotFound(Fact):
    """There is no such message in the mailbox."""


class DevelopmentMailbox(BaseEmailBackend):
    """Django's mailer that keeps messages for reading on this machine."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Keep messages; one that comes again is kept once."""
        for message in email_messages:
            for address in message.recipients():
                _keep(message, address)
        return len(email_messages)


def messages() -> list[DevelopmentMessage]:
    """Return what is in the mailbox, newest first."""
    return [_shown(row) for row in DevelopmentMail.objects.order_by("-received_at", "id")]


def message(message_id: UUID) -> DevelopmentMessage:
    """Return one message.

    Raises:
        MessageNotFound: it is not there.
    """
    row = DevelopmentMail.objects.filter(id=message_id).first()
    if row is None:
        raise MessageNotFound
    return _shown(row)


def forget(*, account_id: UUID, kept: UUID | None) -> None:
    """Erase what was sent to an account; to be called while its vault entry still tells the address.

    The caller makes sure that no byte of it is left.

    Args:
        account_id: whose entry it is; without an entry there is nothing to do.
        kept: the notice that stays readable, without the address: the farewell.
    """
    entry = Entry.objects.filter(account_id=account_id).first()
    if entry is None:
        return
    theirs = DevelopmentMail.objects.filter(address_key__in=_keys(entry.address))
    kept_ids = [kept] if kept else []
    theirs.exclude(id__in=kept_ids).delete()
    theirs.filter(id__in=kept_ids).update(address="", address_key="")


def address_key(address: str) -> str:
    """Return the key that all spellings of an address share."""
    return _keys(address)[0]


def _keys(address: str) -> list[str]:
    """Give the keys of an address under every pepper, newest first: a message keeps the one it came with."""
    canonical = canonical_email(address)
    return [
        claim_key(pepper=settings.PEPPERS[version], kind="email", canonical=canonical)
        for version in sorted(settings.PEPPERS, reverse=True)
    ]


def _keep(message: EmailMessage, address: str) -> None:
    head = message.message()
    notice = NOTICE_IN_MESSAGE_ID.match(str(head["Message-ID"]))
    DevelopmentMail.objects.update_or_create(
        id=UUID(notice[1]) if notice else uuid4(),
        defaults={
            "address_key": address_key(address),
            "address": address,
            "subject": str(message.subject),
            "text": str(message.body),
            "html": _html_of(message),
            "received_at": head["Date"].datetime,
        },
    )


def _html_of(message: EmailMessage) -> str:
    if not isinstance(message, EmailMultiAlternatives):
        return ""
    return next((str(content) for content, kind in message.alternatives if kind == "text/html"), "")


def _shown(row: DevelopmentMail) -> DevelopmentMessage:
    return DevelopmentMessage(
        id=row.id,
        address=row.address,
        subject=row.subject,
        text=row.text,
        html=row.html,
        received_at=row.received_at,
    )
