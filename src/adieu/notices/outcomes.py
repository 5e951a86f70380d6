"""What a failed hand-over means: try again, or never."""

import smtplib
from enum import Enum

from adieu.notices.composing import NothingToSay, UnfitForMail
from adieu.notices.smtp import LacksSmtpUtf8

# RFC 5321, section 4.2.1: the first digit tells whether asking again can help.
PERMANENT = range(500, 600)
# RFC 3207 and RFC 4954: "log in first", "encrypt first". It is our settings that are refused, not the mail.
ABOUT_US = frozenset({530, 534, 535, 538})
CLOSING_DOWN = 421


class Outcome(Enum):
    """What came of a hand-over."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    NOTHING_TO_SAY = "nothing_to_say"
    TEMPORARY = "temporary"
    UNREACHABLE = "unreachable"


def outcome_of(error: Exception) -> Outcome:
    """Tell what an error at hand-over means. What is not understood is tried again."""
    match error:
        case NothingToSay():
            return Outcome.NOTHING_TO_SAY
        # ValueError is what Django says about an address that no envelope can hold.
        case UnfitForMail() | LacksSmtpUtf8() | ValueError():
            return Outcome.REFUSED
        case smtplib.SMTPRecipientsRefused():
            return _outcome_of_codes([code for code, _ in error.recipients.values()])
        case smtplib.SMTPSenderRefused() | smtplib.SMTPDataError():
            return _outcome_of_codes([error.smtp_code])
        # The server is away, or does not let us in: whatever comes next would fare the same.
        case OSError():
            return Outcome.UNREACHABLE
        case _:
            return Outcome.TEMPORARY


def _outcome_of_codes(codes: list[int]) -> Outcome:
    if CLOSING_DOWN in codes:
        return Outcome.UNREACHABLE
    if all(code in PERMANENT and code not in ABOUT_US for code in codes):
        return Outcome.REFUSED
    return Outcome.TEMPORARY
