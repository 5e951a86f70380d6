"""What the gateway of a cluster passes on to a Milvus server, and what not (Rules K1, D7)."""

import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.message_factory import GetMessageClass
from pymilvus import MilvusException
from pymilvus.grpc_gen import milvus_pb2, milvus_pb2_grpc, schema_pb2

from adieu.clusters.engines.milvus_server.access import AWAY, PASSWORD
from adieu.clusters.engines.milvus_server.confining import (
    NEWER,
    NO_SCHEMA,
    OTHER_COLLECTION,
    OTHER_DATABASE,
    PART_NAMED,
    ROWS_ELSEWHERE,
    names_a_database,
)
from adieu.clusters.engines.milvus_server.engine import NOT_ANSWERING
from adieu.clusters.engines.milvus_server.gateway import AWAY as SERVER_AWAY
from adieu.clusters.engines.milvus_server.gateway import KEPT, NOT_LET_IN
from adieu.clusters.engines.milvus_server.methods import ANSWERED, FORWARDED, KEPT_BY_US
from tests.support.clusters import KEY, metadata, stub_of, wait_until
from tests.support.engine_process import REASON
from tests.support.fake_milvus import OK, SERVICE, Asked, FakeMilvus, served
from tests.support.gateways import ServerCluster, running_on

# No database of Adieu takes part.
pytestmark = pytest.mark.only_on("sqlite")
SOON = 1.0
MIB = 2**20
# The field 1000, a text, which no message has.
UNKNOWN = b"\xc2\x3e\x05other"

type Stub = milvus_pb2_grpc.MilvusServiceStub


class World:
    """One cluster on a fake server, and a stub that speaks to it."""

    def __init__(self, fake: FakeMilvus, cluster: ServerCluster, stub: Stub) -> None:
        self.fake, self.cluster, self.stub = fake, cluster, stub

    def call(self, method: str, message: Any, *more: tuple[str, str], timeout: float | None = 20) -> Any:
        return getattr(self.stub, method)(message, metadata=[*metadata(KEY), *more], timeout=timeout)

    def passed_on(self, method: str, message: Any, *more: tuple[str, str]) -> Asked:
        self.call(method, message, *more)
        return self.fake.last(method)

    def refused(self, method: str, message: Any, *more: tuple[str, str]) -> grpc.RpcError:
        before = len([each for each in self.fake.asked if each.method == method])
        with pytest.raises(grpc.RpcError) as refused:
            self.call(method, message, *more)
        assert len([each for each in self.fake.asked if each.method == method]) == before
        return refused.value


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with (
        served(FakeMilvus()) as fake,
        running_on(fake.server, tmp_path_factory.mktemp("gateway")) as cluster,
        grpc.insecure_channel(
            f"127.0.0.1:{cluster.place.port}", options=[("grpc.max_receive_message_length", 512 * MIB)]
        ) as channel,
    ):
        yield World(fake, cluster, milvus_pb2_grpc.MilvusServiceStub(channel))


@pytest.fixture
def world(shared: World) -> World:
    shared.cluster.let_in(KEY)
    shared.fake.answers.clear()
    return shared


def test_the_key_stays_here_and_the_call_goes_on_as_the_clusters_user(world: World) -> None:
    asked = world.passed_on("Query", milvus_pb2.QueryRequest(collection_name="words", expr="id == 1"))
    name = world.cluster.name
    assert asked.caller == f"{name}:{world.fake.users[name]}"
    assert KEY not in str(asked.headers)
    assert (asked.message.expr, asked.message.collection_name) == ("id == 1", "words")


@pytest.mark.parametrize("said", ["", "default", "own"])
def test_whichever_name_of_its_own_is_said_it_is_the_clusters_database(world: World, said: str) -> None:
    name = world.cluster.name
    said = name if said == "own" else said
    asked = world.passed_on("Insert", milvus_pb2.InsertRequest(db_name=said), ("dbname", said))
    assert (asked.message.db_name, asked.headers["dbname"]) == (name, name)


def test_a_database_is_set_wherever_a_message_names_one(world: World) -> None:
    name = world.cluster.name
    inner = [milvus_pb2.SearchRequest(dsl=each) for each in "ab"]
    asked = world.passed_on("HybridSearch", milvus_pb2.HybridSearchRequest(requests=inner))
    assert [each.db_name for each in asked.message.requests] == [name, name]
    asked = world.passed_on("RenameCollection", milvus_pb2.RenameCollectionRequest(oldName="a", newName="b"))
    assert (asked.message.db_name, asked.message.newDBName) == (name, name)


def test_another_database_is_refused_wherever_it_is_named(world: World) -> None:
    # Rule K1
    tries: list[tuple[Any, ...]] = [
        ("Query", milvus_pb2.QueryRequest(db_name="other")),
        ("Query", milvus_pb2.QueryRequest(), ("dbname", "other")),
        ("Query", milvus_pb2.QueryRequest(db_name=world.cluster.name), ("dbname", "other")),
        (
            "HybridSearch",
            milvus_pb2.HybridSearchRequest(requests=[milvus_pb2.SearchRequest(db_name="other")]),
        ),
        ("RenameCollection", milvus_pb2.RenameCollectionRequest(newDBName="other")),
        ("GetQuerySegmentInfo", milvus_pb2.GetQuerySegmentInfoRequest(dbName="other")),
        ("DescribeDatabase", milvus_pb2.DescribeDatabaseRequest(db_name="other")),
    ]
    for each in tries:
        refused = world.refused(*each)
        assert (refused.code(), refused.details()) == (grpc.StatusCode.PERMISSION_DENIED, OTHER_DATABASE)


def test_a_collection_is_known_by_number_only_when_it_is_the_clusters(world: World) -> None:
    world.fake.databases[world.cluster.name] = ["words"]
    ours = milvus_pb2.ManualCompactionRequest(collectionID=100)
    assert world.passed_on("ManualCompaction", ours).message.collectionID == 100
    for message, why in (
        (milvus_pb2.ManualCompactionRequest(collectionID=101), OTHER_COLLECTION),
        (milvus_pb2.ManualCompactionRequest(segment_ids=[7]), PART_NAMED),
    ):
        assert world.refused("ManualCompaction", message).details() == why
    assert (
        world.refused("DescribeCollection", milvus_pb2.DescribeCollectionRequest(collectionID=101)).details()
        == OTHER_COLLECTION
    )
    batch = milvus_pb2.BatchDescribeCollectionRequest(collection_name=["words"], collectionID=[100, 101])
    assert world.refused("BatchDescribeCollection", batch).details() == OTHER_COLLECTION


def test_a_schema_names_no_other_database_and_reads_nothing_from_elsewhere(world: World) -> None:
    # Rule K1. A schema stands in its message as bytes.
    def asking(raw: bytes) -> Any:
        return milvus_pb2.CreateCollectionRequest(collection_name="words", schema=raw)

    schema = schema_pb2.CollectionSchema
    own = world.cluster.name
    for said, kept in (("", ""), ("default", own), (own, own)):
        asked = world.passed_on(
            "CreateCollection", asking(schema(name="words", dbName=said).SerializeToString())
        )
        told = schema.FromString(asked.message.schema)
        assert (told.name, told.dbName) == ("words", kept)
    for raw, why in (
        (schema(dbName="other").SerializeToString(), OTHER_DATABASE),
        (schema(external_source="s3://bucket/rows").SerializeToString(), ROWS_ELSEWHERE),
        (schema(external_spec="{}").SerializeToString(), ROWS_ELSEWHERE),
        (b"\xff", NO_SCHEMA),
        (UNKNOWN, NEWER),
    ):
        assert world.refused("CreateCollection", asking(raw)).details() == why


def test_what_only_a_newer_server_would_understand_stays_here(world: World) -> None:
    # Rule K1: it could be the name of another database.
    inner = milvus_pb2.SearchRequest.FromString(UNKNOWN)
    for method, message in (
        ("Query", milvus_pb2.QueryRequest.FromString(UNKNOWN)),
        ("HybridSearch", milvus_pb2.HybridSearchRequest(requests=[inner])),
    ):
        assert world.refused(method, message).details() == NEWER


def test_headers_of_the_servers_own_parts_are_not_passed_on(world: World) -> None:
    # Milvus takes whoever sends this one for a part of itself.
    extra = (("sourceid", "QEBtaWx2dXMtbWVtYmVyQEA="), ("identifier", "7"), ("client-request-id", "r"))
    asked = world.passed_on("Query", milvus_pb2.QueryRequest(), *extra)
    assert "sourceid" not in asked.headers
    assert (asked.headers["identifier"], asked.headers["client-request-id"]) == ("7", "r")


def test_answers_call_the_database_as_the_caller_does(world: World) -> None:
    def describe(message: Any, _: Any) -> Any:
        schema = schema_pb2.CollectionSchema(name="words", dbName=message.db_name)
        return milvus_pb2.DescribeCollectionResponse(status=OK, db_name=message.db_name, schema=schema)

    world.fake.answers["DescribeCollection"] = describe
    answer = world.call("DescribeCollection", milvus_pb2.DescribeCollectionRequest())
    assert (answer.db_name, answer.schema.dbName, answer.schema.name) == ("default", "default", "words")
    assert list(world.call("ListDatabases", milvus_pb2.ListDatabasesRequest()).db_names) == ["default"]
    described = world.call("DescribeDatabase", milvus_pb2.DescribeDatabaseRequest(db_name="default"))
    assert described.db_name == "default"


def test_errors_come_back_as_they_are(world: World) -> None:
    def fail(_: Any, context: Any) -> None:
        context.set_trailing_metadata([("why", "quota")])
        context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "rate limit exceeded")

    world.fake.answers["Insert"] = fail
    with pytest.raises(grpc.RpcError) as failed:
        world.call("Insert", milvus_pb2.InsertRequest())
    error = failed.value
    assert (error.code(), error.details()) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "rate limit exceeded")
    assert ("why", "quota") in error.trailing_metadata()


def test_deadlines_go_on(world: World) -> None:
    world.call("Query", milvus_pb2.QueryRequest(), timeout=7)
    seconds = world.fake.last("Query").seconds
    assert seconds is not None
    assert 5 < seconds < 7.5


def test_large_messages_go_both_ways(world: World) -> None:
    world.fake.answers["Query"] = lambda *_: milvus_pb2.QueryResults(
        status=OK, collection_name="x" * (100 * MIB)
    )
    asked = world.passed_on("Insert", milvus_pb2.InsertRequest(collection_name="x" * (60 * MIB)))
    assert len(asked.message.collection_name) == 60 * MIB
    assert len(world.call("Query", milvus_pb2.QueryRequest()).collection_name) == 100 * MIB


class Hanging:
    """An answer of the server that comes only when nobody waits for it any more."""

    def __init__(self) -> None:
        self.began, self.ended = threading.Event(), threading.Event()

    def __call__(self, message: Any, context: Any) -> Any:
        context.add_callback(self.ended.set)
        self.began.set()
        self.ended.wait(60)
        return milvus_pb2.SearchResults(status=OK)


@pytest.mark.parametrize("how", ["revoked", "gone", "too late"])
def test_who_is_cut_off_or_goes_leaves_nothing_at_work_on_the_server(
    world: World, how: str, record_property: Any
) -> None:
    # Rule D7
    world.fake.answers["Search"] = hanging = Hanging()
    timeout = 1 if how == "too late" else 60
    call = world.stub.Search.future(milvus_pb2.SearchRequest(), metadata=metadata(KEY), timeout=timeout)
    assert hanging.began.wait(30)
    cut_at = time.monotonic()
    if how == "revoked":
        world.cluster.let_in("somebody else")
    elif how == "gone":
        call.cancel()
    assert hanging.ended.wait(30)
    took = time.monotonic() - cut_at
    record_property(f"gateway: the server let go of a call that was {how}, seconds", f"{took:.2f}")
    assert took < SOON + (1 if how == "too late" else 0)
    wait_until(call.done)


def test_a_wrong_key_is_refused_with_the_reason_before_the_server_hears_of_it(world: World) -> None:
    # Rule K1
    before = len([each for each in world.fake.asked if each.method == "Connect"])
    with pytest.raises(MilvusException) as refused:
        world.cluster.client("adieu_wrong")
    assert refused.value.message == REASON
    assert len([each for each in world.fake.asked if each.method == "Connect"]) == before


def test_a_client_connects_and_the_server_learns_nothing_of_its_person(world: World) -> None:
    world.cluster.client(f"alice:{KEY}").list_collections()
    client = world.fake.last("Connect").message.client_info
    assert client.sdk_type
    assert (client.user, client.host, dict(client.reserved)) == ("", "", {})


def test_users_roles_and_databases_are_the_consoles(world: World) -> None:
    for method in KEPT_BY_US:
        kind = GetMessageClass(SERVICE.methods_by_name[method].input_type)
        refused = world.refused(method, kind())
        assert (refused.code(), refused.details()) == (grpc.StatusCode.PERMISSION_DENIED, KEPT)


def test_what_is_in_no_list_is_not_offered(world: World) -> None:
    known = FORWARDED | ANSWERED | KEPT_BY_US
    assert known <= {method.name for method in SERVICE.methods}
    for method in SERVICE.methods:
        if method.name in known or method.client_streaming or method.server_streaming:
            continue
        kind = GetMessageClass(method.input_type)
        assert world.refused(method.name, kind()).code() is grpc.StatusCode.UNIMPLEMENTED, method.name


def test_every_message_that_is_passed_on_and_names_something_names_its_database() -> None:
    # What names a collection and no database could not be confined.
    by_number = {"GetFlushState", "GetCompactionState", "GetVersion", "AllocTimestamp"}
    for name in FORWARDED - by_number:
        assert names_a_database(SERVICE.methods_by_name[name].input_type), name


def test_a_server_that_is_away_is_told_to_callers_and_on_the_page_until_it_is_back(tmp_path: Path) -> None:
    fake = FakeMilvus()
    with served(fake):
        cluster = ServerCluster(tmp_path, fake.server)
        cluster.start()
        cluster.client().list_collections()
        assert cluster.engine.measure().trouble == ""
    with stub_of(cluster) as stub:
        with pytest.raises(grpc.RpcError) as refused:
            stub.ShowCollections(milvus_pb2.ShowCollectionsRequest(), metadata=metadata(KEY), timeout=20)
        assert (refused.value.code(), refused.value.details()) == (grpc.StatusCode.UNAVAILABLE, SERVER_AWAY)
    # Another name, so that pymilvus opens a connection of its own.
    with pytest.raises(MilvusException) as unconnected:
        cluster.client(f"a:{KEY}")
    assert unconnected.value.message == SERVER_AWAY
    wait_until(lambda: cluster.engine.measure().trouble == NOT_ANSWERING)
    assert cluster.engine.is_ready()
    with served(fake):
        wait_until(lambda: not (cluster.place.folder / AWAY).exists())
        assert cluster.client_again().list_collections() == []
        fake.users.clear()
        with pytest.raises(MilvusException) as stranger:
            cluster.client(f"b:{KEY}")
        assert stranger.value.message == NOT_LET_IN
        cluster.end()


def test_the_password_is_for_its_owners_eyes_and_the_gateway_does_not_know_the_root(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert stat.S_IMODE((world.cluster.place.folder / PASSWORD).stat().st_mode) == 0o600
    for name, value in (("ADIEU_MILVUS_URI", world.fake.server.uri), ("ADIEU_MILVUS_TOKEN", "root:Secret1")):
        monkeypatch.setenv(name, value)
    with running_on(world.fake.server, tmp_path) as cluster:
        environ = Path(f"/proc/{cluster.engine.pid}/environ").read_text()
        words = Path(f"/proc/{cluster.engine.pid}/cmdline").read_text()
    assert "PATH=" in environ
    assert "ADIEU_MILVUS" not in environ
    assert "root:" not in words + environ
