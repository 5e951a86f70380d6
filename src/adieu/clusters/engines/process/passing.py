"""Passing bytes on, both ways, between callers and the gRPC server of the cluster.

Every call of every client goes through here twice. So it is one thread with as little as can be in its way:
what comes in is read and sent on at once. Only what the other side does not take is kept, and then nothing
more is read for it.
"""

import logging
import select
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from adieu.kit import logs

CHUNK = 64 * 2**10
# How long another thread may compute before this one gets its turn. Python's own 5 ms are longer than a call.
TURN_SECONDS = 0.0005
IN, OUT = select.EPOLLIN, select.EPOLLOUT
# Whoever does not take what is left to say is hung up on.
SECONDS_TO_FLUSH = 5


class End:
    """One end of a connection: what it says is sent to the other one."""

    def __init__(self, sock: socket.socket, when_gone: Callable[[], None]) -> None:
        self.sock, self.when_gone = sock, when_gone
        # Read here, and not yet taken by this end.
        self.held = b""
        self.other = self


class Passing:
    """All connections that are passed on; `add` may be called from any thread."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._ends: dict[int, End] = {}
        self._flushing: dict[End, float] = {}

    def start(self) -> None:
        """Pass on from now on."""
        sys.setswitchinterval(TURN_SECONDS)
        threading.Thread(target=self._run, name="passing", daemon=True).start()

    def add(self, caller: socket.socket, server: socket.socket, when_gone: Callable[[], None]) -> None:
        """Pass on between two sockets until one of them is gone; then both are closed, and it is told."""
        near, far = End(caller, when_gone), End(server, when_gone)
        near.other, far.other = far, near
        for end in (near, far):
            end.sock.setblocking(False)
            self._ends[end.sock.fileno()] = end
        for end in (near, far):
            self._epoll.register(end.sock.fileno(), IN)

    def _run(self) -> None:
        while True:
            for number, event in self._epoll.poll(1 if self._flushing else None):
                end = self._ends.get(number)
                # Those of one round may concern a connection that an earlier one has closed.
                if end is not None:
                    self._meet(end, event)
            for end in [end for end, until in self._flushing.items() if until < time.monotonic()]:
                self._close(end)

    def _meet(self, end: End, event: int) -> None:
        try:
            if event & OUT:
                self._flush(end)
            if event & ~OUT:
                self._hear(end)
        except BlockingIOError:
            return
        except OSError:
            self._close(end)
        except Exception as error:  # noqa: BLE001 - one connection must not end the others
            logs.record("cluster.connection_failed", level=logging.ERROR, exception=error)
            self._close(end)

    def _hear(self, end: End) -> None:
        other = end.other
        if other.held:
            # Gone, and the other one still takes what it said before; the rest is read after that.
            self._epoll.unregister(end.sock.fileno())
            self._flushing[other] = time.monotonic() + SECONDS_TO_FLUSH
            return
        data = end.sock.recv(CHUNK)
        if not data:
            self._close(end)
            return
        try:
            sent = other.sock.send(data)
        except BlockingIOError:
            sent = 0
        if sent < len(data):
            other.held = data[sent:]
            self._watch(end)
            self._watch(other)

    def _flush(self, end: End) -> None:
        end.held = end.held[end.sock.send(end.held) :]
        if end.held:
            return
        if self._flushing.pop(end, None):
            self._epoll.register(end.other.sock.fileno(), 0)
        self._watch(end)
        self._watch(end.other)

    def _watch(self, end: End) -> None:
        """Hear an end unless the other one has not taken all yet, and tell it what it has not taken."""
        self._epoll.modify(end.sock.fileno(), (0 if end.other.held else IN) | (OUT if end.held else 0))

    def _close(self, end: End) -> None:
        for each in (end, end.other):
            self._flushing.pop(each, None)
            self._ends.pop(each.sock.fileno(), None)
            with suppress(OSError, ValueError):
                self._epoll.unregister(each.sock.fileno())
            each.sock.close()
        end.when_gone()
