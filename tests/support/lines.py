"""Connections that stay open, each to a web process of which one knows which it is."""

import http.client
import json
import socket
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

import psutil

from adieu.kit.downloads import BROKEN_OFF
from tests.support.served import Served

SECONDS_TO_ANSWER = 20
MOST_TRIES = 400
# Django takes any well-formed secret, as long as cookie and header agree.
CSRF = "c" * 32
LITTLE = 4096
SECONDS_TO_READ = 30
# A process hangs up on whoever says nothing for 10 seconds.
SECONDS_FRESH = 5


@dataclass(frozen=True)
class Answer:
    """What came back, and when (seconds of the monotonic clock)."""

    status: int
    body: bytes
    location: str
    cookies: Mapping[str, str]
    answered_at: float

    def json(self) -> dict[str, object]:
        """Read the body as JSON."""
        read: dict[str, object] = json.loads(self.body)
        return read


@dataclass
class Caller:
    """What somebody sends along: the cookie of a session, or an API key."""

    session: str = ""
    key: str = ""
    network_address: str = "192.0.2.77"

    def headers(self) -> dict[str, str]:
        """Give the headers that say who calls."""
        said = {"X-Forwarded-For": self.network_address}
        if self.key:
            return {**said, "Authorization": f"Bearer {self.key}"}
        cookies = {"csrf": CSRF, **({"session": self.session} if self.session else {})}
        cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
        return {**said, "Cookie": cookie, "X-CSRFToken": CSRF}


class Line:
    """A connection that stays open; one that was cut does not come back, least of all at another process."""

    def __init__(self, served: Served) -> None:
        place = urlsplit(served.url)
        self._connection = http.client.HTTPConnection(str(place.hostname), place.port, SECONDS_TO_ANSWER)
        self._connection.connect()
        self._connection.auto_open = 0
        self._used_at = time.monotonic()
        self.port = int(self._connection.sock.getsockname()[1])
        assert self.ask(Caller(), "GET", "/healthz").status == http.client.OK

    def ask(
        self,
        caller: Caller,
        method: str,
        path: str,
        body: object = None,
        *,
        form: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send JSON, a form or nothing, and read the answer to its end."""
        headers = caller.headers()
        sent = b""
        if form is not None:
            sent, headers["Content-Type"] = urlencode(form).encode(), "application/x-www-form-urlencoded"
        elif body is not None:
            sent, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
        self._connection.request(method, path, sent or None, headers)
        with self._connection.getresponse() as response:
            read = response.read()
            set_cookies = response.headers.get_all("Set-Cookie") or []
        self._used_at = time.monotonic()
        pairs = (cookie.partition(";")[0].partition("=") for cookie in set_cookies)
        return Answer(
            status=response.status,
            body=read,
            location=response.headers.get("Location", ""),
            cookies={name: value for name, _, value in pairs},
            answered_at=self._used_at,
        )

    @property
    def is_fresh(self) -> bool:
        """Whether the process has not hung up yet."""
        return time.monotonic() - self._used_at < SECONDS_FRESH

    def raw(self) -> socket.socket:
        """Give the bare connection; nothing else is asked on it any more."""
        taken: socket.socket = self._connection.sock
        return taken

    def close(self) -> None:
        """End it."""
        self._connection.close()


def ask_once(served: Served, caller: Caller, method: str, path: str, body: object = None) -> Answer:
    """Ask on a connection of its own, at whichever process."""
    line = Line(served)
    try:
        return line.ask(caller, method, path, body)
    finally:
        line.close()


def send_form(served: Served, caller: Caller, path: str, **form: str) -> Answer:
    """Send a form on a connection of its own, at whichever process."""
    line = Line(served)
    try:
        return line.ask(caller, "POST", path, form=form)
    finally:
        line.close()


@dataclass
class Switchboard:
    """Opens lines to each of the web processes."""

    served: Served
    processes: int
    _open: dict[int, list[Line]] = field(default_factory=lambda: defaultdict(list))
    _all: list[Line] = field(default_factory=list)

    def pids(self) -> list[int]:
        """Find all web processes, by being answered by each."""
        for _ in range(MOST_TRIES):
            if len(self._open) == self.processes:
                return sorted(self._open)
            self._dial()
        raise AssertionError(f"only {len(self._open)} of {self.processes} processes answered")

    def line(self, pid: int) -> Line:
        """Open a line to one process, or give one that was opened on the way to another."""
        for _ in range(MOST_TRIES):
            while self._open[pid]:
                line = self._open[pid].pop()
                if line.is_fresh:
                    return line
            self._dial()
        raise AssertionError(f"process {pid} does not answer")

    def give_back(self, pid: int, line: Line) -> None:
        """Keep a line for whoever asks for one to its process."""
        self._open[pid].append(line)

    def hang_up(self) -> None:
        """Close every line."""
        for line in self._all:
            line.close()

    def _dial(self) -> None:
        line = Line(self.served)
        self._all.append(line)
        self._open[self._answering(line)].append(line)

    def _answering(self, line: Line) -> int:
        family = psutil.Process(self.served.process.pid).children(recursive=True)
        for process in family:
            if any(
                there.raddr and there.raddr.port == line.port for there in process.net_connections("tcp4")
            ):
                return int(process.pid)
        raise AssertionError("no process of the console has the other end")


class Download:
    """A file that is asked for and read only a little, as by somebody with a slow connection."""

    def __init__(self, line: Line, caller: Caller, path: str) -> None:
        self._socket = line.raw()
        headers = "".join(f"{name}: {value}\r\n" for name, value in caller.headers().items())
        self._socket.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}\r\n".encode())
        self.read = self._socket.recv(LITTLE)
        assert self.read.startswith(b"HTTP/1.1 200"), self.read
        self.last_byte_at = time.monotonic()

    def rest(self) -> bool:
        """Read as fast as possible what still comes, and tell whether the file came whole."""
        parts, tail = [self.read], self.read
        deadline = time.monotonic() + SECONDS_TO_READ
        while not tail.endswith(b"\r\n0\r\n\r\n"):
            assert time.monotonic() < deadline, f"still reading after {SECONDS_TO_READ} s"
            part = self._socket.recv(1 << 18)
            assert part, "the connection broke"
            self.last_byte_at = time.monotonic()
            parts.append(part)
            tail = (tail + part)[-200:]
        self.read = b"".join(parts)
        return BROKEN_OFF.encode() not in tail


class HalfSent:
    """A request of which the head and a part of the body were sent."""

    def __init__(self, line: Line, caller: Caller, path: str, body: object) -> None:
        self._socket = line.raw()
        sent = json.dumps(body).encode()
        headers = {**caller.headers(), "Content-Type": "application/json", "Content-Length": str(len(sent))}
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        half = len(sent) // 2
        self._socket.sendall(f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{head}\r\n".encode() + sent[:half])
        self._rest = sent[half:]

    def finish(self) -> int:
        """Send the rest, and give the status of the answer."""
        self._socket.sendall(self._rest)
        response = http.client.HTTPResponse(self._socket)
        response.begin()
        return response.status
