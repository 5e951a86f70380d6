"""The console as an operator runs it: `adieu serve` in a process of its own, with real mail."""

import itertools
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import sample

from tests.support.postgresql import database
from tests.support.smtp import SmtpServer

SECONDS_TO_START = 60
# How many clusters a console can have, and where their ports are.
CLUSTERS = 10
CLUSTER_PORTS = (20_000, 30_000)
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
    # What it was started with, for other processes on the same data.
    settings: dict[str, str] = field(default_factory=dict)

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
    with SmtpServer() as mailbox, _databases() as database_urls:
        bind = f"127.0.0.1:{free_port()}"
        own = {
            "ADIEU_DATA_DIR": str(folder / "data"),
            "ADIEU_BIND": bind,
            "ADIEU_SMTP_URL": mailbox.url,
            "ADIEU_MAIL_FROM": "Adieu <adieu@example.org>",
            "ADIEU_TRUSTED_PROXIES": "127.0.0.1",
            "ADIEU_CLUSTER_PORTS": free_ports(CLUSTERS),
            **database_urls,
        }
        given = {**own, **settings}
        process = start(given)
        served = Served(f"http://{bind}", folder / "data", mailbox, process, settings=given)
        try:
            _wait_until_ready(served)
            yield served
        finally:
            process.terminate()
            process.wait(timeout=SECONDS_TO_END)


def start(settings: dict[str, str], *arguments: str, stdin: int | None = None) -> subprocess.Popen[str]:
    """Start the `adieu` command, by default to serve, with these settings and no others."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("ADIEU_")}
    return subprocess.Popen(
        [sys.executable, "-m", "adieu.ops.main", *(arguments or ("serve",))],
        env={**environ, **settings},
        stdin=stdin,
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


def free_ports(count: int) -> str:
    """Return a row of ports that nobody uses now, below those that the system gives out by itself."""
    for first in sample(range(*CLUSTER_PORTS, count), k=100):
        with ExitStack() as probes, suppress(OSError):
            for port in range(first, first + count):
                probes.enter_context(socket.socket()).bind(("127.0.0.1", port))
            return f"{first}-{first + count - 1}"
    raise AssertionError("no ports are free")


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
def _databases() -> Iterator[dict[str, str]]:
    """Give it PostgreSQL databases of its own when the tests run on PostgreSQL, else none."""
    server = os.environ.get("ADIEU_DATABASE_URL")
    if not server:
        yield {"ADIEU_DATABASE_URL": "", "ADIEU_VAULT_URL": ""}
        return
    with database(server, "served") as main, database(server, "vault") as vault:
        yield {"ADIEU_DATABASE_URL": main, "ADIEU_VAULT_URL": vault}
