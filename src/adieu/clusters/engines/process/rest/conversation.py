"""One connection that speaks HTTP/1.1: one request after the other, each within bounds.

Note [Who is unknown sends nothing]
Before a body is read, its sender's key is shown at the door, by a call that does nothing. So whoever may not
come in makes this process hold no more than a head, and waits for no thread.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Protocol

from adieu.clusters.engines.process.bounds import Bounds
from adieu.clusters.engines.process.rest.answers import Answer, Code, Refused, refusal, refused
from adieu.clusters.engines.process.rest.heads import END, Head, read_head

GO = b"HTTP/1.1 100 Continue\r\n\r\n"
# Whoever still sends when it was refused may miss the answer; so that much is heard, and not looked at.
LINGERING_SECONDS, LINGERING_BYTES = 2, 2**20


class Answering(Protocol):
    """Who answers; both may take their time."""

    def require_known(self, token: str) -> None:
        """Refuse who may not come in."""

    def answer(self, head: Head, body: bytes) -> Answer:
        """Answer one request."""


class Conversations:
    """All connections of a cluster that speak HTTP/1.1."""

    def __init__(self, answering: Answering, bounds: Bounds) -> None:
        self._answering, self._bounds = answering, bounds
        self._workers = ThreadPoolExecutor(bounds.threads, thread_name_prefix="rest")
        self._bytes_held = 0

    async def converse(self, transport: asyncio.Transport, first: bytes) -> None:
        """Answer a caller, who has said something already, until one of us has enough."""
        reader = asyncio.StreamReader(limit=self._bounds.header_bytes)
        protocol = asyncio.StreamReaderProtocol(reader)
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        transport.resume_reading()
        reader.feed_data(first)
        # So that waiting for the other side means until all is sent.
        transport.set_write_buffer_limits(0)
        writer = asyncio.StreamWriter(transport, protocol, reader, asyncio.get_running_loop())
        patience = self._bounds.seconds_to_greet
        try:
            while await self._exchange(reader, writer, patience):
                patience = self._bounds.seconds_idle
        except asyncio.IncompleteReadError:
            return

    async def _exchange(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, patience: float
    ) -> bool:
        """Answer one request, and tell whether another may follow."""
        try:
            head = await self._head(reader, patience)
            await self._in_thread(self._answering.require_known, head.token)
            answer = await self._answered(head, reader, writer)
        except Refused as refusal_:
            await self._send(writer, refused(refusal_), is_last=True)
            await _linger(reader, writer)
            return False
        await self._send(writer, answer, is_last=head.is_last)
        return not head.is_last

    async def _head(self, reader: asyncio.StreamReader, patience: float) -> Head:
        try:
            async with asyncio.timeout(patience):
                raw = await reader.readuntil(END)
        except asyncio.LimitOverrunError:
            too_large = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
            raise refusal(Code.NOT_READABLE, "the headers are too large", status=too_large) from None
        head = read_head(raw)
        if head.length > self._bounds.body_bytes:
            large = f"the body is larger than {self._bounds.body_bytes} bytes"
            raise refusal(Code.NOT_READABLE, large, status=HTTPStatus.CONTENT_TOO_LARGE)
        return head

    async def _answered(
        self, head: Head, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> Answer:
        if self._bytes_held + head.length > self._bounds.bodies_bytes:
            busy = "too much is being sent to this cluster at once"
            raise refusal(Code.TOO_MUCH, busy, status=HTTPStatus.TOO_MANY_REQUESTS)
        self._bytes_held += head.length
        try:
            if head.waits_for_go:
                writer.write(GO)
            async with asyncio.timeout(self._bounds.seconds_for_body):
                body = await reader.readexactly(head.length)
            return await self._in_thread(self._answering.answer, head, body)
        finally:
            self._bytes_held -= head.length

    async def _in_thread[*Given, Gotten](self, work: Callable[[*Given], Gotten], *given: *Given) -> Gotten:
        return await asyncio.get_running_loop().run_in_executor(self._workers, work, *given)

    async def _send(self, writer: asyncio.StreamWriter, answer: Answer, *, is_last: bool) -> None:
        lines = [
            f"HTTP/1.1 {answer.status.value} {answer.status.phrase}",
            "Content-Type: application/json; charset=utf-8",
            f"Content-Length: {len(answer.body)}",
            "Cache-Control: no-store",
            "X-Content-Type-Options: nosniff",
            *(["Connection: close"] if is_last else []),
        ]
        writer.write("\r\n".join(lines).encode() + END + answer.body)
        async with asyncio.timeout(self._bounds.seconds_for_answer):
            await writer.drain()


async def _linger(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    if writer.can_write_eof():
        writer.write_eof()
    heard = 0
    async with asyncio.timeout(LINGERING_SECONDS):
        while heard < LINGERING_BYTES and (more := await reader.read(2**16)):
            heard += len(more)
