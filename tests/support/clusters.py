"""Clusters of tests: a real process, reached by the real client."""

import base64
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc
from pymilvus import MilvusClient, MilvusException
from pymilvus.grpc_gen import milvus_pb2_grpc

from adieu.clusters.engines import Place
from adieu.clusters.engines.milvus_lite.engine import MilvusLite
from adieu.clusters.engines.process.running import ClusterProcess

KEY = "adieu_" + "a" * 43
SECONDS = 60


class Cluster:
    """One cluster and who may use it."""

    def __init__(self, folder: Path) -> None:
        self.place = Place(uuid4(), folder / "cluster", free_port())
        self.guests = folder / "guests"
        self.let_in(KEY)
        self.command = [sys.executable, "-m", "tests.support.engine_process", str(self.guests)]
        self.engine: ClusterProcess = MilvusLite(self.place, command=self.command)
        self._clients: list[MilvusClient] = []

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.place.port}"

    def let_in(self, *tokens: str) -> None:
        """Let in these and nobody else, at once."""
        new = self.guests.with_suffix(".new")
        new.write_text("\n".join(tokens), encoding="utf-8")
        new.replace(self.guests)

    def start(self) -> None:
        self.engine.prepare()
        self.engine.start()
        wait_until(lambda: self.engine.is_ready() or self.engine.why_ended() is not None)
        assert self.engine.is_ready(), self.engine.why_ended()

    def client(self, token: str = KEY, **more: Any) -> MilvusClient:
        client = MilvusClient(uri=self.uri, token=token, **more)
        self._clients.append(client)
        return client

    def client_again(self) -> MilvusClient:
        """Give a client of a cluster that was away: gRPC waits a while before it tries an address again."""
        wait_until(self._is_reached)
        return self.client()

    def _is_reached(self) -> bool:
        try:
            return self.client().list_collections() is not None
        except (MilvusException, grpc.RpcError):
            return False

    def kill(self, sign: signal.Signals = signal.SIGKILL) -> None:
        """Send its process a signal, and wait until it is gone."""
        pid = self.engine.pid
        assert pid is not None
        os.kill(pid, sign)
        wait_until(lambda: self.engine.why_ended() is not None)

    def end(self) -> None:
        for client in self._clients:
            client.close()
        self.engine.stop(patience=SECONDS)


@contextmanager
def running(folder: Path) -> Iterator[Cluster]:
    """Run a cluster."""
    cluster = Cluster(folder)
    cluster.start()
    try:
        yield cluster
    finally:
        cluster.end()


@contextmanager
def stub_of(cluster: Cluster) -> Iterator[milvus_pb2_grpc.MilvusServiceStub]:
    """Speak to a cluster without pymilvus' own patience."""
    with grpc.insecure_channel(f"127.0.0.1:{cluster.place.port}") as channel:
        yield milvus_pb2_grpc.MilvusServiceStub(channel)


def metadata(token: str) -> tuple[tuple[str, str], ...]:
    """Say who calls, as pymilvus does."""
    return (("authorization", base64.b64encode(token.encode()).decode()),)


def wait_until(is_so: Callable[[], bool], *, seconds: float = SECONDS) -> None:
    """Wait for what another process does."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.02)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def run(cluster: Cluster) -> subprocess.CompletedProcess[str]:
    """Run the process of a cluster to its end, with nobody at the other end."""
    place = cluster.place
    words = ["--cluster", str(place.cluster_id), "--folder", str(place.folder), "--port", str(place.port)]
    return subprocess.run(
        [*cluster.command, *words],
        check=False,
        stdin=subprocess.PIPE,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
