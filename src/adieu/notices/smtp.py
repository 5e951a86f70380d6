"""Django's SMTP mailer, and addresses whose local part is not ASCII (RFC 6531)."""

import email.policy
import smtplib
from typing import cast

from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend

from adieu.kit.errors import Fact


class LacksSmtpUtf8(Fact):
    """The mail server takes no addresses with letters beyond ASCII."""


class SmtpMailer(EmailBackend):
    """Hands mail to an SMTP server."""

    # Django's hook for one message; its stubs leave it out.
    def _send(self, email_message: EmailMessage) -> bool:
        if all(address.isascii() for address in email_message.recipients()):
            return bool(super()._send(email_message))  # type: ignore[misc]
        return self._send_with_smtputf8(email_message)

    def _send_with_smtputf8(self, email_message: EmailMessage) -> bool:
        connection = cast("smtplib.SMTP", self.connection)
        connection.ehlo_or_helo_if_needed()
        if not connection.has_extn("smtputf8"):
            raise LacksSmtpUtf8
        connection.sendmail(
            self.prep_address(email_message.from_email),
            [self.prep_address(address, force_ascii=False) for address in email_message.recipients()],
            email_message.message(policy=email.policy.SMTPUTF8).as_bytes(),
            mail_options=["SMTPUTF8", "BODY=8BITMIME"],
        )
        return True
