"""The console as an operator runs it: `adieu serve` in a process of its own, with real mail."""

import itertools
import os
import secrets
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

from tests.support.smtp import SmtpServer

SECONDS_TO_START = 60
SECONDS_TO_END = 20
# Reserved for examples (RFC 5737); visitors have an address of their own, so that limits do not add up.
VISITORS = [f"{net}.{host}" for net in ("192.0.2", "198.51.100", "203.0.113") for host in range(1, 255)]
_next_visitor = itertools.cycle(VISITORS)


@dataclass
class Served:
    """A console that is running, and what surrounds it."""

    url: str
    data_dir: Path
    mailbox: SmtpServer
    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)

    @property
    def log(self) -> str:
        """Everything it has printed and logged so far."""
        return "\n".join(self.lines)

    def visitor_headers(self) -> dict[str, str]:
        """Return the headers of a visitor from an address that no other visitor has."""
        return {"X-Forwarded-For": next(_next_visitor)}


@contextmanager
def serve(folder: Path, **settings: str) -> Iterator[Served]:
    """Run a console with a data folder, a mail server and a port of its own.

    Args:
        folder: where its data folder goes.
        settings: further settings; an empty one counts as not given.
    """
    with SmtpServer() as mailbox, _database() as database_url:
        bind = f"127.0.0.1:{free_port()}"
        own = {
            "ADIEU_DATA_DIR": str(folder / "data"),
            "ADIEU_BIND": bind,
            "ADIEU_SMTP_URL": mailbox.url,
            "ADIEU_MAIL_FROM": "Adieu <adieu@example.org>",
            "ADIEU_TRUSTED_PROXIES": "127.0.0.1",
            "ADIEU_DATABASE_URL": database_url,
        }
        process = start({**own, **settings})
        served = Served(f"http://{bind}", folder / "data", mailbox, process)
        try:
            _wait_until_ready(served)
            yield served
        finally:
            process.terminate()
            process.wait(timeout=SECONDS_TO_END)


def start(settings: dict[str, str], *arguments: str) -> subprocess.Popen[str]:
    """Start the `adieu` command, by default to serve, with these settings and no others."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("ADIEU_")}
    return subprocess.Popen(
        [sys.executable, "-m", "adieu.ops.main", *(arguments or ("serve",))],
        env={**environ, **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )


def free_port() -> int:
    """Return a port of this machine that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_ready(served: Served) -> None:
    ready = threading.Event()

    def read() -> None:
        for line in served.process.stdout or ():
            served.lines.append(line.rstrip("\n"))
            if line.startswith("Mail:"):
                ready.set()
        ready.set()

    threading.Thread(target=read, daemon=True).start()
    assert ready.wait(SECONDS_TO_START), f"it did not start in {SECONDS_TO_START} s:\n{served.log}"
    assert served.process.poll() is None, f"it ended:\n{served.log}"


@contextmanager
def _database() -> Iterator[str]:
    """Give it a PostgreSQL database of its own when the tests run on PostgreSQL, else none."""
    server = os.environ.get("ADIEU_DATABASE_URL")
    if not server:
        yield ""
        return
    name = f"adieu_served_{secrets.token_hex(4)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
