"""One connection that speaks HTTP/1.1: one request after the other, each within bounds.

Note [Who is unknown sends nothing]
Before a body is read, its sender's key is shown at the door. So whoever may not come in makes this process
hold no more than a head. Who was let in is inside until the last byte of the answer is on its way: so whoever
loses the right to stay is cut off also while they send slowly, or take the answer slowly (Rule D7).
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, asynccontextmanager, suppress
from http import HTTPStatus
from typing import Protocol

from adieu.clusters.engines.process.bounds import Bounds
from adieu.clusters.engines.process.rest.answers import (
    CUT,
    Answer,
    Code,
    Refused,
    not_let_in,
    refusal,
    refused,
)
from adieu.clusters.engines.process.rest.heads import END, Head, read_head
from adieu.clusters.engines.process.visits import Context

GO = b"HTTP/1.1 100 Continue\r\n\r\n"
# Whoever still sends when it was refused may miss the answer; so that much is heard, and not looked at.
LINGERING_SECONDS, LINGERING_BYTES = 2, 2**20


class Answering(Protocol):
    """Who answers; both may take their time."""

    def visit(self, token: str, request: Context) -> AbstractContextManager[None]:
        """Let one request in for as long as it is open, or refuse it."""

    def answer(self, head: Head, body: bytes) -> Answer:
        """Answer one request."""


class Stay:
    """One request that was let in, until the door cancels it, from whatever thread."""

    def __init__(self) -> None:
        self._loop, self._until = asyncio.get_running_loop(), asyncio.timeout(None)
        self._is_over = False

    def cancel(self) -> bool:
        """End it."""
        self._loop.call_soon_threadsafe(self._end)
        return True

    def is_active(self) -> bool:
        """Tell whether it goes on."""
        return not self._is_over

    async def hold[Gotten](self, work: Awaitable[Gotten]) -> Gotten:
        """Do something for as long as its caller may stay.

        Raises:
            Refused: they may not stay.
        """
        try:
            async with asyncio.timeout(self._moment()) as self._until:
                return await work
        except TimeoutError:
            if self._is_over:
                raise not_let_in(CUT) from None
            raise

    def _end(self) -> None:
        self._is_over = True
        with suppress(RuntimeError):
            # What is over, or has not begun, sees it by itself.
            self._until.reschedule(self._moment())

    def _moment(self) -> float | None:
        return self._loop.time() if self._is_over else None


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
            async with self._inside(head.token) as stay:
                answer = await stay.hold(self._answered(head, reader, writer))
                await self._send_inside(stay, writer, answer, is_last=head.is_last)
        except Refused as refusal_:
            await self._send(writer, refused(refusal_), is_last=True)
            await _linger(reader, writer)
            return False
        return not head.is_last

    @asynccontextmanager
    async def _inside(self, token: str) -> AsyncIterator[Stay]:
        """Let a caller in for one request; whether they may is found out in a thread."""
        stay = Stay()
        visit = self._answering.visit(token, stay)
        await self._in_thread(visit.__enter__)
        try:
            yield stay
        finally:
            visit.__exit__(None, None, None)

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

    async def _send_inside(
        self, stay: Stay, writer: asyncio.StreamWriter, answer: Answer, *, is_last: bool
    ) -> None:
        try:
            await stay.hold(self._send(writer, answer, is_last=is_last))
        except Refused:
            # Half of the answer is there already; another one does not fit behind it.
            raise ConnectionAbortedError from None

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
