"""Whoever asks for much and does not read the answer keeps nobody else waiting."""

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from typing import Any

import grpc
import pytest
from pymilvus import MilvusClient, MilvusException

from tests.support.clusters import KEY, Cluster, running, wait_until

# No database of Adieu takes part.
pytestmark = pytest.mark.only_on("sqlite")
ROWS, WORD = 2_000, "w" * 4_000
# More than a cluster has threads.
READERS = 14
CHUNK, MUCH = 4_096, 16_384
OTHER = "adieu_" + "b" * 43


class Sluggish:
    """A way to a cluster, which forwards everything until it is told to bring no answers any more."""

    def __init__(self, port: int) -> None:
        self._port, self._is_open = port, Event()
        self._is_open.set()
        self._sockets: list[socket.socket] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        Thread(target=self._accept, daemon=True).start()

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self._listening.getsockname()[1]}"

    def bring_nothing(self) -> None:
        self._is_open.clear()

    def bring_all(self) -> None:
        self._is_open.set()

    def holds_an_answer(self) -> bool:
        """Tell whether more waits here than what connections tell each other."""
        return any(self._waiting(each) == MUCH for each in self._sockets)

    def end(self) -> None:
        self._is_open.set()
        for each in (self._listening, *self._sockets):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _waiting(self, each: socket.socket) -> int:
        try:
            return len(each.recv(MUCH, socket.MSG_PEEK | socket.MSG_DONTWAIT))
        except OSError:
            return 0

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                far = socket.create_connection(("127.0.0.1", self._port))
                self._sockets += [near, far]
                Thread(target=self._bring, args=(near, far), daemon=True).start()
                Thread(target=self._bring_back, args=(far, near), daemon=True).start()

    def _bring(self, here: socket.socket, there: socket.socket) -> None:
        with suppress(OSError):
            while sent := here.recv(CHUNK):
                there.sendall(sent)

    def _bring_back(self, here: socket.socket, there: socket.socket) -> None:
        with suppress(OSError):
            while self._is_open.wait() and (sent := here.recv(CHUNK)):
                there.sendall(sent)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with running(tmp_path) as cluster:
        yield cluster


def test_answers_that_nobody_reads_hold_up_no_other(cluster: Cluster) -> None:
    client = cluster.client()
    client.create_collection("kept", dimension=2)
    for first in range(0, ROWS, 500):
        client.insert("kept", [_row(each) for each in range(first, first + 500)])
    way = Sluggish(cluster.place.port)
    readers = [MilvusClient(uri=way.uri, token=KEY, alias=f"slow {each}") for each in range(READERS)]
    assert readers[0].list_collections() == ["kept"]
    way.bring_nothing()
    with ThreadPoolExecutor(READERS) as asking:
        asked = [asking.submit(_read_all, each) for each in readers]
        # All are let in, and all the same the others are answered, one after the other.
        for _ in range(5):
            assert len(client.query("kept", filter="id < 10", output_fields=["id"], timeout=30)) == 10
        assert not any(each.done() for each in asked)
        wait_until(cluster.engine.has_answered)
        way.end()
        for each in readers:
            each.close()
    assert client.list_collections() == ["kept"]


def test_who_loses_the_right_to_stay_gets_no_more_of_an_answer(cluster: Cluster) -> None:
    # Rule D7
    cluster.let_in(KEY, OTHER)
    client = cluster.client(OTHER)
    client.create_collection("kept", dimension=2)
    for first in range(0, ROWS, 500):
        client.insert("kept", [_row(each) for each in range(first, first + 500)])
    way = Sluggish(cluster.place.port)
    reader = MilvusClient(uri=way.uri, token=KEY, alias="slow")
    way.bring_nothing()
    with ThreadPoolExecutor(1) as asking:
        read = asking.submit(reader.query, "kept", filter="id >= 0", output_fields=["word"], limit=ROWS)
        wait_until(way.holds_an_answer)
        cluster.let_in(OTHER)
        revoked_at = time.monotonic()
        wait_until(lambda: time.monotonic() > revoked_at + 1)
        way.bring_all()
        with pytest.raises((MilvusException, grpc.RpcError)):
            read.result()
    way.end()
    reader.close()


def _row(number: int) -> dict[str, Any]:
    return {"id": number, "vector": [0.5, float(number)], "word": WORD}


def _read_all(client: MilvusClient) -> None:
    with suppress(MilvusException, grpc.RpcError, ValueError):
        client.query("kept", filter="id >= 0", output_fields=["word"], limit=ROWS, timeout=20, retry_times=1)
