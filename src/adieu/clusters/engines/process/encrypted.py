"""Connections that are encrypted: what is passed on goes through TLS, and so not as directly as elsewhere."""

import asyncio
import ssl
from dataclasses import dataclass
from pathlib import Path

from adieu.clusters.engines.process.endings import Ending, UnableToServe
from adieu.clusters.engines.process.passing import CHUNK, SECONDS_TO_FLUSH

# In our order: who offers both, as curl does, wants HTTP/1.1; the clients of gRPC offer the other one only.
SPOKEN = ["http/1.1", "h2"]
# All are read into the same memory; what could not be passed on at once is copied.
BUFFER = memoryview(bytearray(CHUNK))


@dataclass(frozen=True)
class Certificate:
    """The files of a certificate, with those that vouch for it, and of its key."""

    chain: Path
    key: Path


def context_of(certificate: Certificate) -> ssl.SSLContext:
    """Make what speaks TLS with a certificate.

    Raises:
        UnableToServe: it cannot be read, or does not fit its key.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.set_alpn_protocols(SPOKEN)
    try:
        # A key with a password would have it asked for at a terminal.
        context.load_cert_chain(certificate.chain, certificate.key, password=lambda: b"")
    except OSError:
        raise UnableToServe(Ending.CERTIFICATE_UNUSABLE) from None
    return context


class Greeting(asyncio.Protocol):
    """The first bytes of a connection; then it is told to wait."""

    def __init__(self) -> None:
        self.first: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember whom to tell."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Hear; nobody sends the four bytes that matter in several records."""
        self._transport.pause_reading()
        if not self.first.done():
            self.first.set_result(data)

    def connection_lost(self, error: Exception | None) -> None:
        """Leave whoever waits."""
        self.first.cancel()


class Pipe(asyncio.BufferedProtocol):
    """One end; what it hears, it says to the other one, which may tell it to wait."""

    to: asyncio.Transport

    def __init__(self) -> None:
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def get_buffer(self, sizehint: int) -> memoryview:
        """Give where to read into."""
        return BUFFER

    def buffer_updated(self, nbytes: int) -> None:
        """Pass on what was read."""
        self.to.write(bytes(BUFFER[:nbytes]))

    def pause_writing(self) -> None:
        """Have the other end wait until this one took what it was told."""
        self.to.pause_reading()

    def resume_writing(self) -> None:
        """Let the other end go on."""
        self.to.resume_reading()

    def connection_lost(self, error: Exception | None) -> None:
        """Say that this end is gone."""
        if not self.gone.done():
            self.gone.set_result(None)


async def pass_on(caller: asyncio.Transport, first: bytes, inner: str) -> None:
    """Connect a caller, who has said something already, until one side is gone."""
    near, far = Pipe(), Pipe()
    server, _ = await asyncio.get_running_loop().create_unix_connection(lambda: far, inner)
    near.to, far.to = server, caller
    try:
        caller.set_protocol(near)
        server.write(first)
        caller.resume_reading()
        await asyncio.wait({near.gone, far.gone}, return_when=asyncio.FIRST_COMPLETED)
        for each in (caller, server):
            each.close()
        await asyncio.wait({near.gone, far.gone}, timeout=SECONDS_TO_FLUSH)
    finally:
        server.abort()
