"""Showing that a cluster answers, for as long as it does.

Note [Beats]
Whoever started a process sees that it ended, but not that it hangs. So the process calls itself, through the
socket that everybody calls, and writes a beat whenever that was answered. What it calls is a method that
there is not, under a name that nobody else knows. The server refuses that by itself, without one of the
threads that answer calls: so a cluster whose threads are all at work beats on, and one that is stopped, or
whose server is dead, does not. Nor does one that looks after its calls no more: it would put nobody out.
"""

import secrets
import threading
from collections.abc import Callable

import grpc

BEAT = b".\n"
SECONDS_TO_ANSWER = 20.0


class Beats:
    """Says again and again that the server of this process answers (Note [Beats])."""

    def __init__(self, say: Callable[[bytes], None], *, last_look: Callable[[], float], every: float) -> None:
        self.method = f"/adieu.Beats/{secrets.token_hex(16)}"
        self._say, self._last_look, self._every = say, last_look, every
        self._seen_look = 0.0
        self._is_told = threading.Event()

    def go_on(self, address: str) -> None:
        """Beat until told to end; runs in a thread of its own."""
        # Otherwise the system's proxy would be asked for the way to this machine.
        with grpc.insecure_channel(address, options=[("grpc.enable_http_proxy", 0)]) as channel:
            while not self._is_told.wait(self._every):
                if self.is_well(channel):
                    self._say(BEAT)

    def end(self) -> None:
        """Beat no more."""
        self._is_told.set()

    def is_well(self, channel: grpc.Channel) -> bool:
        """Tell whether the server answers, and calls were looked after since this was asked last."""
        return self._is_answered(channel) and self._is_looked_after()

    def _is_answered(self, channel: grpc.Channel) -> bool:
        try:
            channel.unary_unary(self.method)(b"", timeout=SECONDS_TO_ANSWER)
        except grpc.RpcError as refusal:
            return refusal.code() is grpc.StatusCode.UNIMPLEMENTED
        return False

    def _is_looked_after(self) -> bool:
        seen, self._seen_look = self._seen_look, self._last_look()
        return self._seen_look != seen
