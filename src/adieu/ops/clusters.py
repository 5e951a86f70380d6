"""The process that runs the clusters of this data folder.

Note [One runner]
Two runners would start two processes on one folder. So a runner holds a lock on a file in the data folder,
and on PostgreSQL, where several machines may share the rows, a lock of the database as well. Whoever finds it
held waits: an old runner may be about to end. If the connection that holds the lock breaks, nobody else can
take it before the database is back; then whoever takes it first goes on, and the other stops its clusters.
"""

import fcntl
import logging
import os
import signal
import threading
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path

import psycopg
from django.conf import settings
from django.db import DatabaseError, close_old_connections, connections
from django.utils import timezone
from django.utils.module_loading import import_string

from adieu.clusters.engines import Engine, Place
from adieu.clusters.runner import Runner
from adieu.kit import logs
from adieu.kit.errors import UnableToStart
from adieu.ops.presence import wait_for

FILE = "clusters.lock"
# Any number that nobody else uses; see Note [Presence].
KEY = 2030_0306
HELD = """
    SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND objid = %s
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
PAUSE = 0.5
# Less than what `adieu serve` waits before it uses force.
SECONDS_TO_STOP = 7.0
# Stopping and destroying wait for processes and disks, not for the processor.
HANDS = 128


class FolderUnusable(UnableToStart):
    """The folder `clusters` in the data folder cannot be made; see what is in its place."""


class Alone:
    """That nobody else runs clusters here (Note [One runner])."""

    def __init__(self) -> None:
        self._file = os.open(settings.ADIEU.data_dir / FILE, os.O_CREAT | os.O_RDWR, 0o600)
        self._connection: psycopg.Connection | None = None

    def take(self) -> bool:
        """Try to be the only one, and tell whether it came true."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return self._take_database()

    def let_go(self) -> None:
        """Let somebody else be the only one."""
        os.close(self._file)
        if self._connection is not None:
            # The server would let go a moment after the connection has ended.
            with suppress(psycopg.Error):
                self._connection.execute("SELECT pg_advisory_unlock(%s)", [KEY])
            self._connection.close()

    def is_held(self) -> bool:
        """Tell whether nobody else can have begun."""
        if self._connection is None:
            return True
        try:
            self._connection.execute("SELECT 1")
        except psycopg.Error:
            try:
                return wait_for(self._take_database)
            except DatabaseError:
                # It is away, so nobody else can ask it either.
                return True
        return True

    def _take_database(self) -> bool:
        database = connections["default"]
        if database.vendor != "postgresql":
            return True
        # A connection of its own: Django closes its connections now and then.
        with database.wrap_database_errors:
            connection: psycopg.Connection = database.get_new_connection(database.get_connection_params())
            connection.autocommit = True
            row = connection.execute("SELECT pg_try_advisory_lock(%s)", [KEY]).fetchone()
        if not (row and row[0]):
            connection.close()
            return False
        self._connection = connection
        return True


def are_run() -> bool:
    """Tell whether somebody runs the clusters, without keeping anybody from it."""
    database = connections["default"]
    if database.vendor == "postgresql":
        with database.cursor() as cursor:
            cursor.execute(HELD, [KEY])
            return cursor.fetchone() is not None
    try:
        file = os.open(settings.ADIEU.data_dir / FILE, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False


def run_until_told() -> None:
    """Look after the clusters until SIGTERM or SIGINT; then stop them."""
    told = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: told.set())
    alone = Alone()
    if not _come_to_be_alone(alone, told):
        return
    with ThreadPoolExecutor(HANDS) as hands:
        runner = make_runner(hands)
        while not told.is_set() and alone.is_held():
            _look(runner)
            told.wait(PAUSE)
        runner.end(patience=SECONDS_TO_STOP)
    alone.let_go()


def make_runner(hands: Executor) -> Runner:
    """Make a runner of the engines that the settings name."""
    folder = Path(settings.CLUSTERS_FOLDER)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        raise FolderUnusable from None
    engines = {kind: partial(_make_engine, name) for kind, name in settings.CLUSTER_ENGINES.items()}
    # Starting one keeps a processor at work for about two seconds.
    at_once = max(2, os.process_cpu_count() or 1)
    return Runner(engines=engines, folder=folder, hands=hands, starting_at_once=at_once)


def _make_engine(name: str, place: Place) -> Engine:
    # Loaded with the first cluster of its kind: an engine brings much with it.
    engine: Engine = import_string(name)(place)
    return engine


def _look(runner: Runner) -> None:
    try:
        runner.look(now=timezone.now())
    except Exception as error:  # noqa: BLE001  the database may be away; the clusters run on
        logs.record("clusters.look_failed", level=logging.ERROR, exception=error)
    close_old_connections()


def _come_to_be_alone(alone: Alone, told: threading.Event) -> bool:
    """Wait until no other runner is there; tell whether that came before the order to end."""
    is_said = False
    while not told.is_set():
        if alone.take():
            return True
        if not is_said:
            logs.record("clusters.another_runs", level=logging.WARNING)
            is_said = True
        told.wait(PAUSE)
    return False
