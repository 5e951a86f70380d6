"""A cluster shows that it answers, and one that hangs is started again (Note [Beats])."""

import os
import signal
import socket
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import grpc
import psutil
import pytest
from pymilvus.grpc_gen import milvus_pb2

from adieu.activities.models import Activity
from adieu.clusters import operations
from adieu.clusters.engines import Engine, Place
from adieu.clusters.engines.milvus_lite.engine import MilvusLite
from adieu.clusters.engines.process.beats import Beats
from adieu.clusters.engines.process.door import Door
from adieu.clusters.engines.process.visits import Visits
from adieu.clusters.models import Cluster, State
from adieu.clusters.runner import Runner
from tests.support import clusters
from tests.support.cast import make_account
from tests.support.clusters import KEY, metadata, running, stub_of, wait_until
from tests.support.rooms import make_organization, make_project

ROWS = 200
DIMENSION = 8


# --- A server by itself ---


@contextmanager
def served(beats: Beats, *, threads: int = 1) -> Iterator[tuple[grpc.Server, grpc.Channel]]:
    visits = Visits(lambda _: None)  # type: ignore[arg-type, return-value]  # everybody may come in
    server = grpc.server(ThreadPoolExecutor(threads), interceptors=[Door(visits, beat=beats.method)])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield server, channel
    server.stop(0).wait()
    visits.end()


def test_a_server_that_answers_is_well_and_one_that_is_gone_is_not() -> None:
    looks = iter(range(1, 100))
    beats = Beats(lambda _: None, last_look=lambda: next(looks), every=1)
    with served(beats) as (server, channel):
        assert beats.is_well(channel)
        assert beats.is_well(channel)
        server.stop(0).wait()
        assert not beats.is_well(channel)


def test_one_that_does_not_look_after_its_calls_is_not_well() -> None:
    look = [1.0]
    beats = Beats(lambda _: None, last_look=lambda: look[0], every=1)
    with served(beats) as (_, channel):
        assert beats.is_well(channel)
        assert not beats.is_well(channel)
        look[0] = 2.0
        assert beats.is_well(channel)


def test_nobody_else_can_guess_what_is_called_and_everything_else_passes_the_door() -> None:
    one, other = (Beats(lambda _: None, last_look=lambda: 0, every=1) for _ in range(2))
    assert one.method != other.method
    assert len(one.method.rpartition("/")[2]) == 32


# --- A real cluster ---


@pytest.mark.only_on("sqlite")
def test_one_whose_threads_are_all_at_work_beats_on(tmp_path: Path) -> None:
    with running(tmp_path) as cluster, stub_of(cluster) as stub, ExitStack() as stack:
        never = Event()
        stack.callback(never.set)
        channel = stack.enter_context(grpc.insecure_channel(f"127.0.0.1:{cluster.place.port}"))
        insert = channel.stream_unary("/milvus.proto.milvus.MilvusService/Insert")
        # More than there are threads: each keeps its thread until its message comes.
        for _ in range(20):
            stack.callback(insert.future(_waits(never), metadata=metadata(KEY)).cancel)
        wait_until(lambda: _is_full(stub))
        for _ in range(5):
            wait_until(cluster.engine.has_answered)
        assert _is_full(stub)


def _waits(never: Event) -> Iterator[bytes]:
    never.wait()
    yield b""


def _is_full(stub: Any) -> bool:
    try:
        stub.GetVersion(milvus_pb2.GetVersionRequest(), metadata=metadata(KEY), timeout=0.5)
    except grpc.RpcError as refusal:
        return refusal.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    return False


class Kept:
    """A cluster with a row, a real process and a runner whose time passes as told."""

    def __init__(self, folder: Path, now: datetime) -> None:
        self.now = now
        self.door = clusters.Cluster(folder)
        alice = make_account()
        atlas = make_project(make_organization(alice, now), alice, now)
        operations.create(project_id=atlas, account_id=alice, name="Birds", now=now)
        Cluster.objects.update(port=self.door.place.port)
        self.hands = ThreadPoolExecutor(2)
        self.runner = Runner(
            engines={"milvus-lite": self.make}, folder=folder, hands=self.hands, starting_at_once=1
        )

    def make(self, place: Place) -> Engine:
        self.door.place = place
        command = [sys.executable, "-m", "tests.support.engine_process", str(self.door.guests)]
        self.door.engine = MilvusLite(place, command=command)
        return self.door.engine

    def look(self, seconds: float = 0) -> None:
        self.now += timedelta(seconds=seconds)
        self.runner.look(now=self.now)

    def is_another_than(self, pid: int) -> bool:
        self.look(1)
        return self.door.engine.pid not in {None, pid}

    def is_running(self) -> bool:
        self.look()
        return Cluster.objects.get().state == State.RUNNING and self._answers()

    def _answers(self) -> bool:
        with stub_of(self.door) as stub:
            try:
                stub.GetVersion(milvus_pb2.GetVersionRequest(), metadata=metadata(KEY), timeout=2)
            except grpc.RpcError:
                return False
        return True

    def end(self) -> None:
        self.runner.end(patience=30)
        self.hands.shutdown()


@pytest.fixture
def kept(tmp_path: Path, now: datetime) -> Iterator[Kept]:
    kept = Kept(tmp_path, now)
    yield kept
    kept.end()


@pytest.mark.django_db(transaction=True, databases=["default", "vault"])
def test_one_that_was_stopped_by_a_signal_is_started_again_and_has_its_data(kept: Kept) -> None:
    wait_until(kept.is_running)
    client = kept.door.client()
    client.create_collection("kept", dimension=DIMENSION)
    client.insert("kept", [{"id": each, "vector": [float(each)] * DIMENSION} for each in range(ROWS)])
    first = kept.door.engine.pid
    assert first is not None
    os.kill(first, signal.SIGSTOP)
    wait_until(lambda: psutil.Process(first).status() == psutil.STATUS_STOPPED)
    # What it had said before is read, and from then on it is silent.
    kept.look()
    for _ in range(11):
        kept.look(5)
        assert psutil.Process(first).status() == psutil.STATUS_STOPPED
    kept.look(5)
    wait_until(lambda: kept.is_another_than(first))
    assert not psutil.pid_exists(first)
    wait_until(kept.is_running)
    again = kept.door.client_again()
    assert again.get_collection_stats("kept")["row_count"] == ROWS
    kept.door.end()


@pytest.mark.django_db(transaction=True, databases=["default", "vault"])
def test_one_whose_port_another_program_has_runs_at_another(kept: Kept) -> None:
    taken = kept.door.place.port
    with socket.socket() as other:
        other.bind(("127.0.0.1", taken))
        other.listen()
        wait_until(kept.is_running)
        port = Cluster.objects.get().port
        assert port != taken
        assert Activity.objects.get(kind="cluster.moved").subject_name == "Birds"
        assert kept.door.client().list_collections() == []
    kept.door.end()
