"""Passing bytes on between two sockets, whatever either of them takes its time for."""

import os
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from adieu.clusters.engines.process import passing
from adieu.clusters.engines.process.passing import Passing

# No database takes part.
pytestmark = pytest.mark.only_on("sqlite")
MUCH = os.urandom(5_000_000)
SECONDS = 30


@dataclass
class Line:
    """A caller and a server, and whoever passes on between them."""

    caller: socket.socket
    server: socket.socket
    gone: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def line() -> Iterator[Line]:
    pipes = Passing()
    pipes.start()
    caller, near = socket.socketpair()
    server, far = socket.socketpair()
    for each in (caller, server):
        each.settimeout(SECONDS)
    line = Line(caller, server)
    pipes.add(near, far, line.gone.set)
    yield line
    for each in (caller, server):
        each.close()
    assert line.gone.wait(SECONDS)


def test_bytes_go_both_ways_at_once_however_slowly_they_are_taken(line: Line) -> None:
    sending = [threading.Thread(target=each.sendall, args=(MUCH,)) for each in (line.caller, line.server)]
    for each in sending:
        each.start()
    # Nobody takes anything yet, so all that can be kept is.
    for each in sending:
        each.join(0.2)
    heard = {"caller": bytearray(), "server": bytearray()}

    def take(name: str, end: socket.socket) -> None:
        while len(heard[name]) < len(MUCH):
            heard[name] += end.recv(7_001)

    taking = [
        threading.Thread(target=take, args=each)
        for each in (("caller", line.caller), ("server", line.server))
    ]
    for each in taking:
        each.start()
    for each in (*taking, *sending):
        each.join(SECONDS)
    assert bytes(heard["caller"]) == bytes(heard["server"]) == MUCH


def test_what_was_said_before_hanging_up_arrives(line: Line) -> None:
    def say() -> None:
        line.server.sendall(MUCH)
        line.server.close()

    said = threading.Thread(target=say)
    said.start()
    heard = bytearray()
    while more := line.caller.recv(65_536):
        heard += more
    said.join(SECONDS)
    assert bytes(heard) == MUCH
    assert line.gone.wait(SECONDS)


def test_hanging_up_at_one_end_hangs_up_at_the_other(line: Line) -> None:
    line.caller.sendall(b"hello")
    assert line.server.recv(10) == b"hello"
    line.caller.close()
    assert line.server.recv(10) == b""
    assert line.gone.wait(SECONDS)


def test_who_never_takes_what_is_left_is_hung_up_on(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passing, "SECONDS_TO_FLUSH", 0.2)
    line.server.settimeout(1)
    with pytest.raises(TimeoutError):
        line.server.sendall(MUCH)
    assert not line.gone.is_set()
    line.server.close()
    assert line.gone.wait(SECONDS)
