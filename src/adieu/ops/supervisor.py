"""`adieu serve`: one process tree that ends as a whole."""

import http.client
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass

from adieu.kit.environment import Environment
from adieu.kit.errors import UnableToStart
from adieu.kit.setting_values import Bind

ROLES = ("web", "worker", "clusters")
SECONDS_TO_END = 10
SECONDS_TO_START = 60
LONGEST_BACKOFF = 30
# A child that ran this long was healthy, so its next end counts as the first again.
HEALTHY_AFTER = 60


class DidNotStart(UnableToStart):
    """The console did not start; the lines above say why."""


@dataclass
class Child:
    """One of our processes, and when to start it again once it ended."""

    role: str
    process: subprocess.Popen[bytes]
    started_at: float
    ends: int = 0
    start_again_at: float | None = None

    def has_ended(self) -> bool:
        return self.process.poll() is not None


class Supervisor:
    """Keeps the web processes, the worker and the clusters running until it is told to end."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self._woken = threading.Event()
        self._is_told = False
        self._children: list[Child] = []

    def start(self) -> None:
        """Start everything and wait until the console answers.

        Raises:
            DidNotStart: it does not.
        """
        for sign in (signal.SIGTERM, signal.SIGINT):
            signal.signal(sign, self._on_signal)
        signal.signal(signal.SIGCHLD, lambda *_: self._woken.set())
        self._children = [Child(role, _spawn(role), time.monotonic()) for role in ROLES]
        deadline = time.monotonic() + SECONDS_TO_START
        while not self._is_told and not _answers(self.environment):
            if any(child.has_ended() for child in self._children) or time.monotonic() > deadline:
                self.end()
                raise DidNotStart
            self._wait(0.05)

    def watch(self) -> None:
        """Start again what ends, until told to end; then end everything."""
        while not self._is_told:
            for child in self._children:
                self._look_after(child, now=time.monotonic())
            self._wait(1)
        self.end()

    def end(self) -> None:
        """End every child, by force when it takes too long."""
        running = [child.process for child in self._children if not child.has_ended()]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + SECONDS_TO_END
        for process in running:
            try:
                process.wait(timeout=max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _look_after(self, child: Child, *, now: float) -> None:
        if child.start_again_at is not None:
            if now >= child.start_again_at:
                child.process, child.started_at, child.start_again_at = _spawn(child.role), now, None
        elif child.has_ended():
            child.ends = 1 if now - child.started_at > HEALTHY_AFTER else child.ends + 1
            pause = min(2 ** (child.ends - 1), LONGEST_BACKOFF)
            child.start_again_at = now + pause
            say(f"The {child.role} process ended ({_how(child.process)}); it starts again in {pause} s.")

    def _on_signal(self, *_: object) -> None:
        self._is_told = True
        self._woken.set()

    def _wait(self, seconds: float) -> None:
        self._woken.wait(seconds)
        self._woken.clear()


def say(line: str) -> None:
    """Tell the operator one line, at once, also into a pipe."""
    with suppress(BrokenPipeError):
        print(line, flush=True)


def _spawn(role: str) -> subprocess.Popen[bytes]:
    # A session of its own: Ctrl-C reaches only us, and we end the children in order.
    command = [sys.executable, "-m", "adieu.ops.main", role, "--parent", str(os.getpid())]
    return subprocess.Popen(command, start_new_session=True, stdin=subprocess.DEVNULL)


def _answers(environment: Environment) -> bool:
    connection = http.client.HTTPConnection(_reachable(environment.bind), environment.bind.port, timeout=5)
    with suppress(OSError, http.client.HTTPException):
        host = environment.base_url.partition("://")[2]
        connection.request("GET", "/healthz", headers={"Host": host, "Connection": "close"})
        return connection.getresponse().status < http.client.INTERNAL_SERVER_ERROR
    return False


def _reachable(bind: Bind) -> str:
    if not bind.is_everywhere:
        return bind.host
    return "::1" if ":" in bind.host else "127.0.0.1"


def _how(process: subprocess.Popen[bytes]) -> str:
    code = process.returncode
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name
