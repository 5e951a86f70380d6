"""The one port of a cluster.

Note [One port]
Milvus' clients speak gRPC, and others speak HTTP/1.1, all to the same address. So the port belongs to this
front, and the server of gRPC listens on a socket in the cluster's folder. Whoever begins as HTTP/2 does is
passed on to it, byte for byte; whoever begins otherwise is answered by `rest`, which calls the same server as
the same caller. The door stands in that server, so nothing comes in beside it.
"""

import asyncio
import logging
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress

from adieu.clusters.engines.process.bounds import Bounds
from adieu.clusters.engines.process.encrypted import Greeting, pass_on
from adieu.clusters.engines.process.passing import CHUNK, Passing
from adieu.kit import logs

PREFACE = b"PRI "
# The caller was gone already, or there are no file descriptors left: others may close theirs meanwhile.
PAUSE = 0.05

type Converse = Callable[[asyncio.Transport, bytes], Awaitable[None]]


class Front:
    """Takes every connection, and hands it to whom it is for; all in one thread."""

    def __init__(
        self,
        listener: socket.socket,
        inner: str,
        converse: Converse,
        bounds: Bounds,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._listener, self._inner, self._converse = listener, inner, converse
        self._bounds, self._passing, self._tls = bounds, Passing(), tls
        self._loop = asyncio.new_event_loop()
        self._open: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Take connections from now on."""
        self._passing.start()
        self._accepting = self._loop.create_task(self._accept())
        threading.Thread(target=self._loop.run_forever, name="front", daemon=True).start()

    def stop(self) -> None:
        """Take no more; those that are open go on."""

        def shut() -> None:
            self._accepting.cancel()
            self._loop.remove_reader(self._listener)
            self._listener.close()

        self._loop.call_soon_threadsafe(shut)

    async def _accept(self) -> None:
        while True:
            try:
                caller, _ = await self._loop.sock_accept(self._listener)
            except OSError:
                await asyncio.sleep(PAUSE)
                continue
            if len(self._open) >= self._bounds.connections:
                caller.close()
                continue
            task = self._loop.create_task(self._meet(caller))
            self._open.add(task)
            task.add_done_callback(self._open.discard)

    async def _meet(self, caller: socket.socket) -> None:
        # Strangers hang up and time out; that is theirs.
        with caller, suppress(OSError, asyncio.CancelledError):
            if self._tls is not None:
                await self._meet_encrypted(caller, self._tls)
                return
            async with asyncio.timeout(self._bounds.seconds_to_greet):
                first = await self._greeting(caller)
            if first.startswith(PREFACE):
                await self._pass_on(caller, first)
            elif first:
                await self._answer(caller, first)

    async def _meet_encrypted(self, caller: socket.socket, tls: ssl.SSLContext) -> None:
        async with asyncio.timeout(self._bounds.seconds_to_greet):
            transport, greeting = await self._loop.connect_accepted_socket(Greeting, caller, ssl=tls)
            try:
                first = await greeting.first
            except BaseException:
                transport.abort()
                raise
        if first.startswith(PREFACE):
            await self._in_safety(pass_on(transport, first, self._inner), transport)
        else:
            await self._in_safety(self._converse(transport, first), transport)

    async def _greeting(self, caller: socket.socket) -> bytes:
        """Hear until it is clear what is spoken."""
        heard = b""
        while len(heard) < len(PREFACE) and PREFACE.startswith(heard):
            more = await self._loop.sock_recv(caller, CHUNK)
            if not more:
                return b""
            heard += more
        return heard

    async def _pass_on(self, caller: socket.socket, first: bytes) -> None:
        caller.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        gone: asyncio.Future[None] = self._loop.create_future()
        with socket.socket(socket.AF_UNIX) as server:
            server.setblocking(False)
            await self._loop.sock_connect(server, self._inner)
            await self._loop.sock_sendall(server, first)

            def tell() -> None:
                self._loop.call_soon_threadsafe(gone.set_result, None)

            self._passing.add(caller, server, tell)
            await gone

    async def _answer(self, caller: socket.socket, first: bytes) -> None:
        transport, _ = await self._loop.connect_accepted_socket(asyncio.Protocol, caller)
        await self._in_safety(self._converse(transport, first), transport)

    async def _in_safety(self, talk: Awaitable[None], transport: asyncio.Transport) -> None:
        try:
            await talk
        except OSError:
            raise
        except Exception as error:  # noqa: BLE001 - one connection must not end the others
            logs.record("cluster.connection_failed", level=logging.ERROR, exception=error)
        finally:
            transport.abort()
