"""A notice as a message on the wire."""

from datetime import datetime
from email.utils import format_datetime
from uuid import UUID

import idna
from django.conf import settings
from django.core.mail import EmailMultiAlternatives

from adieu.notices.composing import Composed, UnfitForMail


def envelope(*, notice_id: UUID, composed: Composed, now: datetime) -> EmailMultiAlternatives:
    """Put a mail into its envelope, as multipart.

    Raises:
        UnfitForMail: the domain of the address is none.
    """
    message = EmailMultiAlternatives(
        subject=composed.subject,
        body=composed.text,
        from_email=settings.ADIEU.mail_from,
        to=[with_ascii_domain(composed.address)],
        headers={
            "Message-ID": message_id(notice_id),
            "Date": format_datetime(now),
            # RFC 3834, section 5: no out-of-office answers to these.
            "Auto-Submitted": "auto-generated",
        },
    )
    message.attach_alternative(composed.html, "text/html")
    for each in composed.attachments:
        message.attach(each.name, each.content, each.media_type)
    return message


def message_id(notice_id: UUID) -> str:
    """Name a notice on the wire; the same over retries, so that a second copy can be told (Rule D8)."""
    host = settings.ADIEU.host or "localhost"
    # RFC 5322, section 3.6.4: the right side is a name, or a literal in brackets.
    return f"<{notice_id}@{f'[{host}]' if ':' in host else _ascii(host)}>"


def with_ascii_domain(address: str) -> str:
    """Write the domain of an address as mail servers know it (RFC 5891, by the rules of Rule C4).

    Raises:
        UnfitForMail: it is no domain.
    """
    local_part, _, domain = address.rpartition("@")
    return f"{local_part}@{_ascii(domain)}"


def _ascii(domain: str) -> str:
    # Not Python's own codec: by its rules, of 2003, "straße" is "strasse", which is somebody else's.
    if domain.isascii():
        return domain
    try:
        return idna.encode(domain, uts46=True, std3_rules=True).decode("ascii")
    except idna.IDNAError as error:
        raise UnfitForMail from error
