"""What a mail server says decides whether a mail is tried again."""

import smtplib
import ssl

import pytest

from adieu.notices.composing import NothingToSay, UnfitForMail
from adieu.notices.outcomes import Outcome, outcome_of
from adieu.notices.smtp import LacksSmtpUtf8


def recipient(code: int) -> smtplib.SMTPRecipientsRefused:
    return smtplib.SMTPRecipientsRefused({"alice@example.org": (code, b"")})


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (recipient(550), Outcome.REFUSED),
        (smtplib.SMTPSenderRefused(553, b"", "adieu@example.org"), Outcome.REFUSED),
        (smtplib.SMTPDataError(554, b""), Outcome.REFUSED),
        (UnfitForMail(), Outcome.REFUSED),
        (LacksSmtpUtf8(), Outcome.REFUSED),
        (ValueError(), Outcome.REFUSED),
        (recipient(450), Outcome.TEMPORARY),
        (smtplib.SMTPDataError(452, b""), Outcome.TEMPORARY),
        # Our settings are wrong, not the mail: it waits until the operator has set them right.
        (smtplib.SMTPSenderRefused(530, b"", "adieu@example.org"), Outcome.TEMPORARY),
        (RuntimeError(), Outcome.TEMPORARY),
        (recipient(421), Outcome.UNREACHABLE),
        (smtplib.SMTPAuthenticationError(535, b""), Outcome.UNREACHABLE),
        (smtplib.SMTPNotSupportedError(), Outcome.UNREACHABLE),
        (smtplib.SMTPConnectError(554, b""), Outcome.UNREACHABLE),
        (smtplib.SMTPServerDisconnected(), Outcome.UNREACHABLE),
        (TimeoutError(), Outcome.UNREACHABLE),
        (ConnectionRefusedError(), Outcome.UNREACHABLE),
        (ssl.SSLError(), Outcome.UNREACHABLE),
        (NothingToSay(), Outcome.NOTHING_TO_SAY),
    ],
    ids=repr,
)
def test_an_error_means(error: Exception, outcome: Outcome) -> None:
    assert outcome_of(error) is outcome
