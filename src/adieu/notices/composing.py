"""What a notice says. A kind has a composer that writes it at hand-over, so that no code is ever stored."""

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from adieu.kit.errors import Fact
from adieu.vault.models import Mail

LONGEST_ADDRESS = 254  # RFC 5321, section 4.5.3.1.3, less the angle brackets
LONGEST_SUBJECT = 200
# Control characters, line and paragraph separators, lone surrogates: each could end a head line or break it.
UNFIT_CATEGORIES = frozenset({"Cc", "Zl", "Zp", "Cs"})


@dataclass(frozen=True)
class OwedNotice:
    """A notice as its composer sees it."""

    id: UUID
    kind: str
    account_id: UUID | None
    payload: Mapping[str, Any]
    owed_at: datetime
    give_up_at: datetime


@dataclass(frozen=True)
class Attachment:
    """A file that goes with a mail."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True)
class Composed:
    """A mail that is ready to be handed over."""

    address: str
    subject: str
    text: str
    html: str
    attachments: tuple[Attachment, ...] = ()


type Composer = Callable[[OwedNotice], Composed]


class NothingToSay(Fact):
    """There is nobody to tell, or nothing to tell them. The notice is dropped."""


class UnfitForMail(Fact):
    """The address or the subject does not fit into the head of a mail."""


_composers: dict[str, Composer] = {}


def register(kind: str, composer: Composer) -> None:
    """Name the composer of a kind. A kind without one is read from the vault, where `owe_mail` put it."""
    _composers[kind] = composer


def compose(notice: OwedNotice) -> Composed:
    """Write a notice.

    Raises:
        NothingToSay: it is not owed any more.
        UnfitForMail: its address or subject does not fit into the head of a mail.
    """
    composed = _composers.get(notice.kind, _read_from_vault)(notice)
    check_heads(composed)
    return composed


def check_heads(composed: Composed) -> None:
    """Refuse what could smuggle a line into the head of a mail.

    Raises:
        UnfitForMail: it could, or it is too long.
    """
    address, subject = composed.address, composed.subject
    is_address = "@" in address[1:-1] and len(address) <= LONGEST_ADDRESS
    if not is_address or len(subject) > LONGEST_SUBJECT or not subject:
        raise UnfitForMail
    if any(unicodedata.category(character) in UNFIT_CATEGORIES for character in address + subject):
        raise UnfitForMail


def _read_from_vault(notice: OwedNotice) -> Composed:
    mail = Mail.objects.filter(notice_id=notice.id).first()
    if mail is None:
        raise NothingToSay
    return Composed(address=mail.address, subject=mail.subject, text=mail.text, html=mail.html)
