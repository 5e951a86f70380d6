"""The process of one cluster, from its start to its end."""

import fcntl
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from adieu.clusters.doors import WhoMayUse
from adieu.clusters.engines import Place
from adieu.clusters.engines.process.backends import OpenBackend
from adieu.clusters.engines.process.beats import Beats
from adieu.clusters.engines.process.bounds import Bounds
from adieu.clusters.engines.process.door import Door
from adieu.clusters.engines.process.encrypted import Certificate
from adieu.clusters.engines.process.endings import Ending, UnableToServe
from adieu.clusters.engines.process.listening import HOST, open_server
from adieu.clusters.engines.process.log_file import write_into
from adieu.clusters.engines.process.visits import Times, Visits
from adieu.kit import logs

LOCK = "lock"
READY = b"ready\n"
# Told to end: calls have this long to finish, and all of it this long.
SECONDS_FOR_CALLS = 2
SECONDS_TO_END = 20


@dataclass(frozen=True)
class Keeping:
    """What a process is told beside its place."""

    who_may_use: WhoMayUse
    rest: Callable[[], None] = lambda: None
    bounds: Bounds = field(default_factory=Bounds)
    host: str = HOST
    certificate: Certificate | None = None
    times: Times = field(default_factory=Times)
    seconds_between_beats: float = 5


def serve(place: Place, keeping: Keeping, open_backend: OpenBackend) -> int:
    """Serve one cluster until told to end, and return the exit code."""
    told = _Told()
    # milvus-lite leaves its files as open to others as the system does by default.
    os.umask(0o077)
    try:
        use_folder(place)
        ending = _serve(place, keeping, open_backend, told)
    except UnableToServe as unable:
        ending = unable.ending
        print(f"adieu: cluster {place.cluster_id}: {unable}", file=sys.stderr, flush=True)
    logs.record("cluster.ended", cluster=place.cluster_id, code=int(ending))
    logging.shutdown()
    return int(ending)


class _Told:
    """Told to end: by a signal, by the end of whoever started us, or by a disk that fails."""

    def __init__(self) -> None:
        self._ending: Ending | None = None
        # A pipe and no event: a signal may come while the main thread holds the event's own lock.
        self._heard, self._said = os.pipe()
        for sign in (signal.SIGTERM, signal.SIGINT):
            signal.signal(sign, lambda *_: self.end(Ending.TOLD))
        threading.Thread(target=self._wait_for_parent, daemon=True).start()

    def end(self, ending: Ending) -> None:
        self._ending = self._ending or ending
        os.write(self._said, b".")

    def wait(self) -> Ending:
        os.read(self._heard, 1)
        return self._ending or Ending.TOLD

    def _wait_for_parent(self) -> None:
        # Whoever started us holds the other end, and the system closes it however they went. A signal of the
        # kernel (`PR_SET_PDEATHSIG`) would come already when the thread that started us ends.
        with suppress(OSError):
            while os.read(sys.stdin.fileno(), 64):
                pass
        self.end(Ending.TOLD)


def use_folder(place: Place) -> None:
    """Take the folder for this process alone, and log into it.

    Raises:
        UnableToServe: it is missing, cannot be written, or somebody else has it.
    """
    try:
        lock = os.open(place.folder / LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        # Held until the process is gone, however it goes.
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)
        write_into(place.folder)
    except BlockingIOError:
        raise UnableToServe(Ending.FOLDER_IN_USE) from None
    except OSError:
        raise UnableToServe(Ending.FOLDER_UNUSABLE) from None


def _serve(place: Place, keeping: Keeping, open_backend: OpenBackend, told: _Told) -> Ending:
    backend = open_backend(place, told.end)
    visits = Visits(keeping.who_may_use, rest=keeping.rest, times=keeping.times)
    beats = Beats(_say, last_look=lambda: visits.looked_at, every=keeping.seconds_between_beats)
    door = Door(visits, beat=beats.method)
    server = open_server(
        backend, door, place=place, bounds=keeping.bounds, host=keeping.host, certificate=keeping.certificate
    )
    threading.Thread(target=visits.watch, name="watch", daemon=True).start()
    server.start()
    logs.record("cluster.ready", cluster=place.cluster_id)
    # Nobody may be there to read, as long as this process lives.
    os.set_blocking(sys.stdout.fileno(), False)
    _say(READY)
    threading.Thread(target=beats.go_on, args=(server.reached_at,), name="beats", daemon=True).start()
    ending = told.wait()
    _end_in_time()
    beats.end()
    server.stop(SECONDS_FOR_CALLS).wait()
    visits.end()
    backend.close()
    return ending


def _say(what: bytes) -> None:
    with suppress(OSError):
        os.write(sys.stdout.fileno(), what)


def _end_in_time() -> None:
    def cut_short() -> None:
        # What was acknowledged is in the log; what is in memory is made of it.
        os._exit(Ending.CUT_SHORT)

    timer = threading.Timer(SECONDS_TO_END, cut_short)
    timer.daemon = True
    timer.start()
