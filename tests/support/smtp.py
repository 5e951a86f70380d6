"""A real SMTP server on a free port of this machine, for tests."""

import asyncio
import email
import email.policy
import socket
import threading
from collections.abc import Awaitable
from dataclasses import dataclass
from email.message import EmailMessage
from enum import Enum
from types import TracebackType
from typing import Any, Self, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from adieu.notices.smtp import SmtpMailer

LOOPBACK = "127.0.0.1"


class Mode(Enum):
    """What the server does with a mail."""

    ACCEPT = "accept"
    REFUSE_RECIPIENT = "refuse_recipient"
    TEMPORARY = "temporary"
    DOWN = "down"


@dataclass(frozen=True)
class Received:
    """A mail that the server accepted."""

    sender: str
    address: str
    message: EmailMessage
    raw: bytes
    connection: int

    @property
    def subject(self) -> str:
        return str(self.message["Subject"])

    @property
    def text(self) -> str:
        return self._part("plain")

    @property
    def html(self) -> str:
        return self._part("html")

    def _part(self, kind: str) -> str:
        part = self.message.get_body(preferencelist=(kind,))
        return "" if part is None else cast("str", part.get_content()).replace("\r\n", "\n")


class SmtpServer:
    """Accepts, refuses or defers mail, or is down, as `mode` says."""

    def __init__(self, *, has_smtputf8: bool = True) -> None:
        self._has_smtputf8 = has_smtputf8
        self._arrived = threading.Condition()
        self._messages: list[Received] = []
        self._mode = Mode.DOWN
        self._controller: _Controller | None = None
        self.port = 0
        # Addresses that are refused for good in every mode.
        self.refused: set[str] = set()
        self.connections = 0
        self.tries = 0

    def __enter__(self) -> Self:
        self.set_mode(Mode.ACCEPT)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.set_mode(Mode.DOWN)

    @property
    def url(self) -> str:
        """The value of ADIEU_SMTP_URL that leads here; it stays the same when the server was down."""
        return f"smtp://{LOOPBACK}:{self.port}"

    @property
    def messages(self) -> list[Received]:
        """What was accepted, oldest first."""
        with self._arrived:
            return list(self._messages)

    @property
    def mode(self) -> Mode:
        with self._arrived:
            return self._mode

    def set_mode(self, mode: Mode | str) -> None:
        """Change what happens to the next mail; starts or stops the server when needed."""
        mode = Mode(mode)
        with self._arrived:
            self._mode = mode
        if mode is Mode.DOWN:
            self._stop()
        elif self._controller is None:
            self._start()

    def wait_for(
        self, address: str, *, subject_contains: str | None = None, deadline: float = 20.0, after: int = 0
    ) -> Received:
        """Wait for a mail to an address.

        Args:
            address: whom it is for, in any case.
            subject_contains: a part of its subject.
            deadline: after how many seconds it is an AssertionError.
            after: how many of `messages` to skip: `after=len(server.messages)` waits for a new one.
        """
        found: list[Received] = []

        def has_come() -> bool:
            found[:] = [
                one
                for one in self._messages[after:]
                if one.address.lower() == address.lower() and (subject_contains or "") in one.subject
            ]
            return bool(found)

        with self._arrived:
            if not self._arrived.wait_for(has_come, timeout=deadline):
                came = [(one.address, one.subject) for one in self._messages[after:]]
                raise AssertionError(f"no mail to {address} in {deadline} s; there came {came}")
        return found[0]

    def _start(self) -> None:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((LOOPBACK, self.port))
        self.port = listener.getsockname()[1]
        self._controller = _Controller(self, listener, enable_SMTPUTF8=self._has_smtputf8)
        self._controller.start()

    def _stop(self) -> None:
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    # What aiosmtpd calls, in its own thread.

    async def handle_EHLO(  # noqa: N802 - its name
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        with self._arrived:
            self.connections += 1
            cast("Any", session).number = self.connections
        session.host_name = hostname
        return responses

    async def handle_RCPT(  # noqa: N802 - its name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        with self._arrived:
            self.tries += 1
            mode = self._mode
        if mode is Mode.REFUSE_RECIPIENT or address in self.refused:
            return "550 5.1.1 No such mailbox"
        if mode is Mode.TEMPORARY:
            return "451 4.3.0 Come back later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - its name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        raw = cast("bytes", envelope.content)
        message: EmailMessage = email.message_from_bytes(raw, policy=email.policy.default)
        with self._arrived:
            self._messages += [
                Received(
                    sender=envelope.mail_from or "",
                    address=address,
                    message=message,
                    raw=raw,
                    connection=cast("Any", session).number,
                )
                for address in envelope.rcpt_tos
            ]
            self._arrived.notify_all()
        return "250 OK"


def mailer_for(server: SmtpServer) -> SmtpMailer:
    """Make the mailer that the settings would make for this server."""
    return SmtpMailer(alias="default", host=LOOPBACK, port=server.port, timeout=5)


class _Controller(Controller):
    """Listens on a socket that is bound already, so that no other process can take the port in between."""

    def __init__(self, handler: SmtpServer, listener: socket.socket, **parameters: Any) -> None:
        super().__init__(handler, hostname=LOOPBACK, port=listener.getsockname()[1], **parameters)
        self._listener = listener

    def _create_server(self) -> Awaitable[asyncio.AbstractServer]:
        return self.loop.create_server(self._factory_invoker, sock=self._listener)
