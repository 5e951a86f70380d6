"""The operator's terms, and who agreed to which version (Rule A1)."""

import hashlib
from datetime import datetime
from functools import cache
from pathlib import Path
from uuid import UUID

from django.conf import settings

from adieu.accounts.models import TermsAgreement

DEFAULT_TEXT = Path(__file__).with_name("terms.txt")
VERSION_DIGITS = 12


def text() -> str:
    """Give the terms: the operator's, else the ones that Adieu ships with."""
    return settings.ADIEU.terms or _default_text()


def version() -> str:
    """Give the version of the terms in force, which is made from their text and so cannot be forgotten."""
    return hashlib.sha256(text().encode()).hexdigest()[:VERSION_DIGITS]


def has_agreed(*, account_id: UUID) -> bool:
    """Tell whether an account agreed to the version in force."""
    return TermsAgreement.objects.filter(account_id=account_id, version=version()).exists()


def agree(*, account_id: UUID, now: datetime) -> None:
    """Record that an account agrees to the version in force; again changes nothing."""
    TermsAgreement.objects.bulk_create(
        [TermsAgreement(account_id=account_id, version=version(), agreed_at=now)], ignore_conflicts=True
    )


@cache
def _default_text() -> str:
    return DEFAULT_TEXT.read_text(encoding="utf-8")
