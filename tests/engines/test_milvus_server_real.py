"""Clusters on a real Milvus server, driven by the real client (Rules K1, K2).

One server for all: its start is flaky when there are several. Where it cannot be fetched, this fails.
"""

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from pymilvus import DataType, MilvusClient, MilvusException
from pymilvus.grpc_gen import milvus_pb2

from adieu.clusters.engines.milvus_server.access import read
from adieu.clusters.engines.milvus_server.confining import OTHER_COLLECTION, OTHER_DATABASE
from adieu.clusters.engines.milvus_server.gateway import KEPT
from adieu.clusters.engines.milvus_server.server import Server
from adieu.clusters.engines.process.endings import SENTENCES, Ending
from tests.support.clusters import KEY, metadata, stub_of, wait_until
from tests.support.engine_process import REASON
from tests.support.gateways import ServerCluster, running_on, wait_until_ended
from tests.support.real_milvus import real_milvus
from tests.support.rest import Rest

# No database of Adieu takes part.
pytestmark = [pytest.mark.long, pytest.mark.only_on("sqlite")]
OTHER = "adieu_" + "b" * 43
SOON = 1.0
# pymilvus raises either, as the answer came.
REFUSALS = (MilvusException, grpc.RpcError)
NEAR = [[1.0, 0.0, 0.0, 0.0]]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with real_milvus(tmp_path_factory.mktemp("milvus")) as running:
        yield running


@pytest.fixture(scope="module")
def two(
    server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[ServerCluster, ServerCluster]]:
    with (
        running_on(server, tmp_path_factory.mktemp("birds")) as birds,
        running_on(server, tmp_path_factory.mktemp("bees")) as bees,
    ):
        yield birds, bees
        for each in (birds, bees):
            each.engine.destroy()


@pytest.fixture
def birds(two: tuple[ServerCluster, ServerCluster]) -> ServerCluster:
    two[0].let_in(KEY, OTHER)
    return two[0]


@pytest.fixture
def bees(two: tuple[ServerCluster, ServerCluster]) -> ServerCluster:
    two[1].let_in(KEY, OTHER)
    return two[1]


@pytest.fixture
def root(server: Server) -> Iterator[MilvusClient]:
    client = MilvusClient(uri=server.uri, token=server.token)
    yield client
    client.close()


def rows(count: int, word: str = "w") -> list[dict[str, Any]]:
    return [
        {"id": each, "vector": [1.0, float(each), 0.0, 0.0], "word": f"{word}{each}"} for each in range(count)
    ]


def fill(client: MilvusClient, name: str, word: str = "w") -> None:
    client.create_collection(name, dimension=4, consistency_level="Strong")
    client.insert(name, rows(20, word))


def test_the_rest_api_is_answered_from_a_real_server(birds: ServerCluster) -> None:
    # Rule K1
    rest = Rest(birds)
    created = {"collectionName": "rested", "dimension": 4, "metricType": "L2", "idType": "Int64"}
    rest.data("collections/create", created)
    said = rest.data("collections/describe", {"collectionName": "rested"})
    assert [field["name"] for field in said["fields"]] == ["id", "vector"]
    assert said["indexes"][0]["metricType"] == "L2"
    describe = ("collections/describe", {"collectionName": "rested"})
    wait_until(lambda: bool(rest.data(*describe)["load"] == "LoadStateLoaded"))
    written = {"collectionName": "rested", "data": rows(10)}
    assert rest.data("entities/insert", written) == {"insertCount": 10, "insertIds": list(range(10))}
    strong = {"collectionName": "rested", "consistencyLevel": "Strong"}
    asked = {**strong, "data": NEAR, "limit": 2, "offset": 1, "filter": "id > 0", "outputFields": ["word"]}
    assert rest.whole("entities/search", asked) == {
        "code": 0,
        "data": [
            {"id": 2, "word": "w2", "distance": pytest.approx(4)},
            {"id": 3, "word": "w3", "distance": pytest.approx(9)},
        ],
        "topks": [2],
    }
    found = rest.data("entities/query", {**strong, "filter": "id in [1, 2, 3]", "limit": 2, "offset": 1})
    assert found == rows(4)[2:]
    changed = {"id": 5, "vector": [0, 0, 0, 0], "word": "new"}
    upserted = rest.data("entities/upsert", {"collectionName": "rested", "data": changed})
    assert upserted["upsertCount"] == 1
    got = rest.data("entities/get", {**strong, "id": ["5"], "outputFields": ["word"]})
    assert got == [{"id": 5, "word": "new"}]
    rest.data("entities/delete", {"collectionName": "rested", "filter": "id in [1, 2]"})
    assert rest.data("entities/query", {**strong, "outputFields": ["count(*)"]}) == [{"count(*)": 8}]
    assert rest.refusal("entities/query", {"collectionName": "nowhere"})[0] == 100
    assert rest.data("collections/drop", {"collectionName": "rested"}) == {}
    assert rest.data("collections/has", {"collectionName": "rested"}) == {"has": False}
    rest.close()


def test_an_unmodified_client_creates_inserts_searches_queries_and_deletes(birds: ServerCluster) -> None:
    # Rule K1
    client = birds.client()
    fill(client, "words")
    found = client.search("words", data=NEAR, limit=3, output_fields=["word"])
    assert {hit["entity"]["word"] for hit in found[0]} <= {f"w{each}" for each in range(20)}
    assert len(found[0]) == 3
    assert [row["word"] for row in client.query("words", filter="id in [3]")] == ["w3"]
    client.upsert("words", [{"id": 4, "vector": NEAR[0], "word": "new"}])
    assert [row["word"] for row in client.query("words", filter="id == 4")] == ["new"]
    client.delete("words", ids=[3])
    assert client.query("words", filter="id in [3]") == []
    assert client.describe_collection("words")["collection_name"] == "words"
    assert client.list_collections() == ["words"]
    client.drop_collection("words")
    assert client.list_collections() == []


def test_everyday_orders_are_within_the_rights_of_its_user(birds: ServerCluster) -> None:
    client = birds.client()
    schema = client.create_schema()
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=4)
    client.create_collection("orders", schema=schema)
    params = client.prepare_index_params()
    params.add_index("vector", index_type="HNSW", metric_type="L2", params={"M": 8, "efConstruction": 64})
    client.create_index("orders", params)
    client.load_collection("orders")
    assert "Loaded" in str(client.get_load_state("orders"))
    client.create_partition("orders", "part")
    assert client.has_partition("orders", "part")
    assert sorted(client.list_partitions("orders")) == ["_default", "part"]
    client.insert("orders", [{"id": 1, "vector": NEAR[0]}], partition_name="part")
    client.flush("orders")
    assert client.get_collection_stats("orders")["row_count"] == 1
    client.create_alias("orders", "other_name")
    assert client.query("other_name", filter="id == 1", consistency_level="Strong")
    client.compact("orders")
    client.drop_alias("other_name")
    client.rename_collection("orders", "renamed")
    assert client.has_collection("renamed")
    client.release_collection("renamed")
    client.drop_index("renamed", "vector")
    client.drop_collection("renamed")


def test_milvus_rest_api_passes_the_gateway_as_well(birds: ServerCluster, bees: ServerCluster) -> None:
    # Rule K1
    rest = Rest(birds)
    rest.data("collections/create", {"collectionName": "spoken", "dimension": 4, "metricType": "L2"})
    rest.data("entities/insert", {"collectionName": "spoken", "data": rows(5)})
    asked = {"collectionName": "spoken", "filter": "id == 3", "outputFields": ["word"]}
    # Without a stronger wish, Milvus shows what was inserted a moment later.
    wait_until(lambda: [row["word"] for row in rest.data("entities/query", asked)] == ["w3"])
    found = rest.data("entities/search", {"collectionName": "spoken", "data": NEAR, "limit": 1})
    assert [row["id"] for row in found] == [0]
    assert rest.data("databases/list", {}) == ["default"]
    assert "spoken" not in Rest(bees).data("collections/list", {})
    rest.data("collections/drop", {"collectionName": "spoken"})


def test_two_clusters_on_one_server_cannot_see_each_other(
    birds: ServerCluster, bees: ServerCluster, server: Server
) -> None:
    # Rule K1
    one, other = birds.client(), bees.client()
    fill(one, "shared_name", "bird")
    fill(other, "shared_name", "bee")
    fill(other, "bees_only", "bee")
    assert one.list_collections() == ["shared_name"]
    assert one.query("shared_name", filter="id == 1")[0]["word"] == "bird1"
    assert other.query("shared_name", filter="id == 1")[0]["word"] == "bee1"
    assert not one.has_collection("bees_only")
    for name in (bees.name, "no_such_database"):
        with pytest.raises(REFUSALS) as refused:
            birds.client(f"{name[:8]}:{KEY}", db_name=name).list_collections()
        assert OTHER_DATABASE in str(refused.value)
    there = MilvusClient(uri=server.uri, token=server.token, db_name=bees.name)
    number = there.describe_collection("bees_only")["collection_id"]
    there.close()
    with stub_of(birds) as stub, pytest.raises(grpc.RpcError) as by_number:
        stub.DescribeCollection(
            milvus_pb2.DescribeCollectionRequest(collectionID=number), metadata=metadata(KEY), timeout=20
        )
    assert by_number.value.details() == OTHER_COLLECTION
    one.drop_collection("shared_name")
    assert sorted(other.list_collections()) == ["bees_only", "shared_name"]


def test_the_clusters_own_user_has_its_database_only(
    birds: ServerCluster, bees: ServerCluster, server: Server
) -> None:
    # Should the gateway ever let something through, the server itself refuses.
    fill(bees.client(), "honey")
    own = read(birds.place.cluster_id, birds.place.folder)
    client = MilvusClient(uri=server.uri, token=own.token, db_name=bees.name)
    orders: list[Callable[[], object]] = [
        lambda: client.query("honey", filter="id == 1"),
        lambda: client.drop_collection("honey"),
        lambda: client.create_collection("more", dimension=4),
        lambda: client.create_user("more", "Password1"),
        lambda: client.create_role("more"),
        lambda: client.create_database("more"),
    ]
    for order in orders:
        with pytest.raises(REFUSALS) as refused:
            order()
        assert "permission" in str(refused.value).lower()
    client.close()


def test_users_roles_and_databases_are_refused_with_a_reason(birds: ServerCluster) -> None:
    client = birds.client()
    for order in (
        lambda: client.create_user("more", "Password1"),
        client.list_users,
        lambda: client.create_role("more"),
        lambda: client.create_database("more"),
        lambda: client.drop_database("default"),
    ):
        with pytest.raises(REFUSALS) as refused:
            order()
        assert KEPT in str(refused.value)
    assert client.list_databases() == ["default"]
    client.use_database("default")
    assert isinstance(client.list_collections(), list)


@pytest.mark.parametrize("token", ["", "adieu_wrong", "root:Milvus", KEY + "a"])
def test_who_may_not_come_in_is_told_why(birds: ServerCluster, token: str) -> None:
    # Rule K1
    with pytest.raises(MilvusException) as refused:
        birds.client(token)
    assert refused.value.message == REASON


def test_a_revoked_key_ends_within_a_second(birds: ServerCluster, record_property: Any) -> None:
    # Rule D7
    client = birds.client()
    ended: list[float] = []

    def call_for_ever() -> None:
        try:
            while True:
                client.list_collections()
        except REFUSALS as error:
            assert REASON in str(error)
            ended.append(time.monotonic())

    calling = threading.Thread(target=call_for_ever)
    calling.start()
    birds.let_in(OTHER)
    revoked_at = time.monotonic()
    calling.join(30)
    record_property(
        "milvus-server: a busy client ended after its key was revoked, seconds", ended[0] - revoked_at
    )
    assert ended[0] - revoked_at < SOON
    assert isinstance(birds.client(OTHER).list_collections(), list)


def test_it_is_suspended_and_resumed_with_its_data(birds: ServerCluster) -> None:
    fill(birds.client(), "kept")
    birds.engine.stop(patience=20)
    birds.start()
    client = birds.client_again()
    assert client.query("kept", filter="id == 1")[0]["word"] == "w1"
    client.drop_collection("kept")


def test_deleting_drops_collections_database_user_and_role(
    server: Server, root: MilvusClient, tmp_path: Path
) -> None:
    # Rule K2
    before = (sorted(root.list_databases()), sorted(root.list_users()), sorted(root.list_roles()))
    with running_on(server, tmp_path) as cluster:
        client = cluster.client()
        fill(client, "words")
        fill(client, "birds")
        client.create_alias("birds", "feathers")
        assert cluster.name in root.list_databases()
        assert cluster.name in root.list_users()
        assert cluster.name in root.list_roles()
        cluster.engine.destroy()
        cluster.engine.destroy()
    assert (sorted(root.list_databases()), sorted(root.list_users()), sorted(root.list_roles())) == before
    assert not cluster.place.folder.exists()


def test_a_server_that_is_full_says_so_and_what_was_begun_goes(
    server: Server, root: MilvusClient, tmp_path: Path
) -> None:
    # Rule K3
    names = [f"role_{secrets.token_hex(4)}" for _ in range(20)]
    made = []
    try:
        for name in names:
            root.create_role(name)
            made.append(name)
    except MilvusException:
        pass
    assert len(made) < len(names)
    cluster = ServerCluster(tmp_path, server)
    cluster.engine.prepare()
    cluster.engine.start()
    assert wait_until_ended(cluster) == SENTENCES[Ending.SERVER_FULL]
    cluster.engine.destroy()
    assert cluster.name not in [*root.list_databases(), *root.list_users(), *root.list_roles()]
    for name in made:
        root.drop_role(name)
