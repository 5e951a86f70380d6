"""Who comes into a cluster on milvus-lite, and who is put out of it (Rules K1, D7)."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import psutil
import pytest
from pymilvus import MilvusClient, MilvusException
from pymilvus.grpc_gen import milvus_pb2

from adieu.clusters.engines.process.visits import NOT_ASKED
from tests.support.clusters import KEY, Cluster, metadata, running, wait_until
from tests.support.engine_process import FAILS, HANGS, REASON

# No database of Adieu takes part.
pytestmark = pytest.mark.only_on("sqlite")
OTHER = "adieu_" + "b" * 43
SERVICE = milvus_pb2.DESCRIPTOR.services_by_name["MilvusService"]
INSERT = f"/{SERVICE.full_name}/Insert"
SOON = 1.0


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with running(tmp_path_factory.mktemp("door")) as cluster:
        yield cluster


@pytest.fixture
def cluster(shared: Cluster) -> Cluster:
    shared.let_in(KEY, OTHER)
    return shared


def test_a_client_creates_inserts_searches_queries_and_deletes(cluster: Cluster) -> None:
    # Rule K1
    client = cluster.client()
    client.create_collection("words", dimension=4)
    rows = [{"id": each, "vector": [1.0, float(each), 0.0, 0.0], "word": f"w{each}"} for each in range(20)]
    assert client.insert("words", rows)["insert_count"] == 20
    found = client.search("words", data=[[1.0, 0.0, 0.0, 0.0]], limit=1, output_fields=["word"])
    assert found[0][0]["entity"]["word"] == "w0"
    assert [row["word"] for row in client.query("words", filter="id in [3]")] == ["w3"]
    client.delete("words", ids=[3])
    assert client.query("words", filter="id in [3]") == []
    assert client.get_collection_stats("words")["row_count"] == 19


@pytest.mark.parametrize(
    "token", ["", "adieu_wrong", KEY + "a", KEY.upper(), "x" * 8000, "ü", "root:adieu_wrong"]
)
def test_who_may_not_come_in_is_told_why_while_connecting(cluster: Cluster, token: str) -> None:
    with pytest.raises(MilvusException) as refused:
        cluster.client(token)
    assert refused.value.message == REASON
    assert refused.value.code == 1400


def test_a_password_is_a_key_whoever_the_user(cluster: Cluster) -> None:
    assert cluster.client("", user="anybody", password=KEY).list_collections() is not None
    assert cluster.client(f"root:{KEY}").list_collections() is not None


def test_a_revoked_key_is_refused_with_the_reason_on_a_client_that_was_connected(cluster: Cluster) -> None:
    client = cluster.client()
    client.list_collections()
    cluster.let_in(OTHER)
    revoked_at = time.monotonic()
    with pytest.raises(grpc.RpcError) as refused:
        _call_for_ever(client)
    assert time.monotonic() - revoked_at < SOON
    assert refused.value.details() == REASON
    assert cluster.client(OTHER).list_collections() is not None


def test_open_calls_end_within_a_second_of_the_revocation_and_others_stay(
    cluster: Cluster, record_property: Any
) -> None:
    # Rule D7
    with grpc.insecure_channel(f"127.0.0.1:{cluster.place.port}") as channel:
        calls = {token: [_half_sent(channel, token) for _ in range(3)] for token in (KEY, OTHER)}
        ended = threading.Semaphore(0)
        for call in calls[KEY]:
            call.add_done_callback(lambda _: ended.release())
        cluster.let_in(OTHER)
        revoked_at = time.monotonic()
        for _ in calls[KEY]:
            assert ended.acquire(timeout=30)
        took = time.monotonic() - revoked_at
        record_property("milvus-lite: open calls ended after their key was revoked, seconds", f"{took:.2f}")
        assert took < SOON
        assert {call.code() for call in calls[KEY]} == {grpc.StatusCode.CANCELLED}
        assert not any(call.done() for call in calls[OTHER])


def test_a_call_that_the_engine_works_on_ends_as_well(cluster: Cluster) -> None:
    # Rule D7
    client = cluster.client()
    client.create_collection("much", dimension=64)
    client.insert("much", [{"id": each, "vector": [float(each)] * 64} for each in range(2000)])
    outcome: list[BaseException | None] = []

    def search() -> None:
        try:
            # Two million results: many times longer than what is waited for below.
            client.search("much", data=[[1.0] * 64] * 1000, limit=2000, timeout=60)
            outcome.append(None)
        except (grpc.RpcError, MilvusException) as error:
            outcome.append(error)

    searching = threading.Thread(target=search)
    searching.start()
    _wait_until_working(cluster)
    cluster.let_in(OTHER)
    revoked_at = time.monotonic()
    searching.join(60)
    assert outcome[0] is not None
    assert REASON in str(outcome[0])
    assert time.monotonic() - revoked_at < SOON


def test_every_method_of_every_kind_passes_the_door(cluster: Cluster) -> None:
    # Rule K1
    names = [f"/{SERVICE.full_name}/{method.name}" for method in SERVICE.methods]
    others = [
        "/grpc.health.v1.Health/Check",
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
        "/x/y",
    ]
    with grpc.insecure_channel(f"127.0.0.1:{cluster.place.port}") as channel:
        let_in = {name for name in names + others if not _is_refused(channel, name)}
    assert let_in == set()
    assert len(names) > 100


def test_methods_that_there_are_not_are_named_as_such_to_who_is_inside(cluster: Cluster) -> None:
    with grpc.insecure_channel(f"127.0.0.1:{cluster.place.port}") as channel:
        for name in ("/x/y", f"/{SERVICE.full_name}/CreateCredential"):
            call = channel.unary_unary(name)
            with pytest.raises(grpc.RpcError) as refused:
                call(b"", metadata=metadata(KEY))
            assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_two_tokens_in_one_call_open_nothing(cluster: Cluster) -> None:
    with grpc.insecure_channel(f"127.0.0.1:{cluster.place.port}") as channel:
        with pytest.raises(grpc.RpcError) as refused:
            channel.unary_unary(INSERT)(b"", metadata=metadata(KEY) + metadata(OTHER))
        assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED


def test_nobody_comes_in_while_nobody_can_be_asked(cluster: Cluster) -> None:
    cluster.let_in(KEY, FAILS)
    with pytest.raises(MilvusException) as refused:
        cluster.client("adieu_never_seen")
    assert refused.value.message == NOT_ASKED


def test_open_calls_end_within_a_second_when_the_database_hangs(tmp_path: Path) -> None:
    # Rule D7: whoever leaves while nobody can be asked does not stay inside.
    with running(tmp_path) as cluster, grpc.insecure_channel(f"127.0.0.1:{cluster.place.port}") as channel:
        call = _half_sent(channel, KEY)
        ended = threading.Event()
        call.add_done_callback(lambda _: ended.set())
        cluster.let_in(HANGS)
        hung_at = time.monotonic()
        assert ended.wait(30)
        assert time.monotonic() - hung_at < SOON
        with pytest.raises(grpc.RpcError) as refused:
            channel.unary_unary(INSERT)(b"", metadata=metadata(KEY))
        assert refused.value.details() == NOT_ASKED


def _call_for_ever(client: MilvusClient) -> None:
    while True:
        client.list_collections()


def _half_sent(channel: grpc.Channel, token: str) -> Any:
    """Begin a call whose message never comes, and wait until it is inside."""
    never = threading.Event()

    def message() -> Iterator[bytes]:
        never.wait()
        yield b""

    call = channel.stream_unary(INSERT).future(message(), metadata=metadata(token))
    assert _inside(channel, token)
    return call


def _inside(channel: grpc.Channel, token: str) -> bool:
    call = channel.unary_unary(f"/{SERVICE.full_name}/GetVersion")
    return bool(call(b"", metadata=metadata(token)))


def _wait_until_working(cluster: Cluster) -> None:
    process = psutil.Process(cluster.engine.pid)
    before = process.cpu_times().user
    wait_until(lambda: process.cpu_times().user > before + 0.2)


def _is_refused(channel: grpc.Channel, name: str) -> bool:
    try:
        answer = channel.stream_unary(name)(iter([b""]))
    except grpc.RpcError as error:
        return bool(error.code() is grpc.StatusCode.UNAUTHENTICATED and error.details() == REASON)
    if name.endswith("/Connect"):
        return bool(milvus_pb2.ConnectResponse.FromString(answer).status.reason == REASON)
    return False
