"""Whoever reaches the port of a cluster and has no token, or has one and means no good."""

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import grpc
import psutil
import pytest
from pymilvus.grpc_gen import milvus_pb2

from adieu.clusters.engines.milvus_lite.engine import MilvusLite
from tests.support.clusters import KEY, Cluster, metadata, running

# No database of Adieu takes part.
pytestmark = pytest.mark.only_on("sqlite")
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
MEGABYTE, FEW_FILES = 2**20, 300
SERVICE = milvus_pb2.DESCRIPTOR.services_by_name["MilvusService"].full_name


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with running(tmp_path_factory.mktemp("strangers")) as cluster:
        yield cluster


GARBAGE = {
    "nothing that is HTTP/2": b"\x00\xff" * 4096,
    "a page": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "a greeting and noise": PREFACE + bytes(range(256)) * 64,
    "a frame of 16 megabytes": PREFACE + SETTINGS + b"\xff\xff\xff\x00\x00\x00\x00\x00\x01" + b"x" * 65536,
    "headers without end": PREFACE
    + SETTINGS
    + (b"\x00\x40\x00\x01\x00\x00\x00\x00\x01" + b"\x82" * 16384) * 64,
    "a flood of settings": PREFACE + SETTINGS * 20_000,
    "a flood of pings": PREFACE + SETTINGS + (b"\x00\x00\x08\x06\x00\x00\x00\x00\x00" + b"p" * 8) * 20_000,
}


@pytest.mark.parametrize("what", GARBAGE)
def test_garbage_is_hung_up_on_and_others_are_served(cluster: Cluster, what: str) -> None:
    client = cluster.client()
    for _ in range(5):
        with _connected(cluster) as stranger:
            _send(stranger, GARBAGE[what])
            assert _hung_up(stranger)
    assert client.list_collections() == []


def test_two_hundred_idle_connections_keep_nobody_out_and_do_not_stay(cluster: Cluster) -> None:
    with ExitStack() as stack:
        idle = [stack.enter_context(_connected(cluster)) for _ in range(200)]
        assert cluster.client().list_collections() == []
        for stranger in idle:
            # The process gives them a second; gRPC by itself would give them twenty.
            stranger.settimeout(10)
            assert _hung_up(stranger)


def test_more_connections_than_allowed_are_hung_up_on_and_the_rest_is_served(cluster: Cluster) -> None:
    client = cluster.client()
    with ExitStack() as stack:
        # Greeted, so that they may stay; the limit of this process is 300.
        for _ in range(400):
            stranger = stack.enter_context(_connected(cluster))
            _send(stranger, PREFACE + SETTINGS)
        assert client.list_collections() == []
        connections = psutil.Process(cluster.engine.pid).net_connections("tcp")
        assert len([each for each in connections if each.status == psutil.CONN_ESTABLISHED]) <= 302
    assert cluster.client("root:" + KEY).list_collections() == []


def test_where_few_files_are_allowed_strangers_leave_the_database_its_own(tmp_path: Path) -> None:
    # It would take the disk for broken and end.
    cluster = Cluster(tmp_path)
    cluster.engine = MilvusLite(
        cluster.place, command=["sh", "-c", f'ulimit -n {FEW_FILES}; exec "$@"', "sh", *cluster.command]
    )
    with ExitStack() as stack:
        cluster.start()
        stack.callback(cluster.end)
        client = cluster.client()
        for _ in range(FEW_FILES):
            with suppress(OSError):
                _send(stack.enter_context(_connected(cluster)), PREFACE + SETTINGS)
        client.create_collection("kept", dimension=2)
        assert client.insert("kept", {"id": 1, "vector": [0.0, 1.0]})["insert_count"] == 1
        assert psutil.Process(cluster.engine.pid).num_fds() < FEW_FILES * 3 / 4


def test_whoever_has_no_token_is_refused_before_the_message_is_read(cluster: Cluster) -> None:
    before = psutil.Process(cluster.engine.pid).memory_info().rss
    with _channel(cluster) as channel:
        for _ in range(10):
            with pytest.raises(grpc.RpcError) as refused:
                channel.unary_unary(f"/{SERVICE}/Insert")(b"x" * 60 * MEGABYTE)
            assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED
    assert psutil.Process(cluster.engine.pid).memory_info().rss - before < 60 * MEGABYTE


def test_a_message_that_is_too_large_is_refused(cluster: Cluster) -> None:
    with _channel(cluster) as channel, pytest.raises(grpc.RpcError) as refused:
        channel.unary_unary(f"/{SERVICE}/Insert")(b"x" * 65 * MEGABYTE, metadata=metadata(KEY))
    assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


@pytest.mark.parametrize("message", [b"\xff" * 100, b"", b"\x0a\xff\xff\xff\xff\x7f"])
def test_a_message_that_is_none_is_refused_and_others_are_served(cluster: Cluster, message: bytes) -> None:
    with _channel(cluster) as channel:
        for _ in range(20):
            try:
                answer = channel.unary_unary(f"/{SERVICE}/Insert")(message, metadata=metadata(KEY))
                assert milvus_pb2.MutationResult.FromString(answer).status.code != 0
            except grpc.RpcError as error:
                assert error.code() in {grpc.StatusCode.INTERNAL, grpc.StatusCode.INVALID_ARGUMENT}
    assert cluster.client().list_collections() == []


def test_a_call_without_any_message_is_refused(cluster: Cluster) -> None:
    with _channel(cluster) as channel, pytest.raises(grpc.RpcError) as refused:
        channel.stream_unary(f"/{SERVICE}/Insert")(iter([]), metadata=metadata(KEY))
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_headers_that_are_too_large_are_refused(cluster: Cluster) -> None:
    with _channel(cluster) as channel, pytest.raises(grpc.RpcError) as refused:
        channel.unary_unary(f"/{SERVICE}/GetVersion")(b"", metadata=(("authorization", "x" * 40_000),))
    assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_calls_beyond_the_bound_are_refused_and_do_not_wait_for_ever(cluster: Cluster) -> None:
    never: Any = _never()
    with ExitStack() as stack:
        channels = [stack.enter_context(_channel(cluster, number)) for number in range(4)]
        calls = [
            channel.stream_unary(f"/{SERVICE}/Insert").future(next(never), metadata=metadata(KEY))
            for channel in channels
            for _ in range(30)
        ]
        refusal = _first_refusal(stack.enter_context(_channel(cluster, 99)))
        assert refusal.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        for call in calls:
            call.cancel()
    # Once it has noticed that they are gone.
    assert cluster.client_again().list_collections() == []


def _connected(cluster: Cluster) -> socket.socket:
    return socket.create_connection(("127.0.0.1", cluster.place.port), timeout=30)


def _channel(cluster: Cluster, number: int = 0) -> grpc.Channel:
    # Channels with the same options share a connection.
    options = [("grpc.max_send_message_length", -1), ("adieu.number", number)]
    return grpc.insecure_channel(f"127.0.0.1:{cluster.place.port}", options=options)


def _send(stranger: socket.socket, what: bytes) -> None:
    try:
        stranger.sendall(what)
    except (BrokenPipeError, ConnectionResetError):
        return


def _hung_up(stranger: socket.socket) -> bool:
    """Read whatever comes until the other side is gone."""
    try:
        while stranger.recv(65536):
            pass
    except ConnectionResetError:
        return True
    return True


def _first_refusal(channel: grpc.Channel) -> grpc.RpcError:
    """Call until a call is refused: one that came before the last of the others waits behind them."""
    for _ in range(60):
        try:
            channel.unary_unary(f"/{SERVICE}/GetVersion")(b"", metadata=metadata(KEY), timeout=1)
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.DEADLINE_EXCEEDED:
                return error
    raise AssertionError("no call was refused")


def _never() -> Iterator[Iterator[bytes]]:
    def message() -> Iterator[bytes]:
        threading.Event().wait()
        yield b""

    while True:
        yield message()
