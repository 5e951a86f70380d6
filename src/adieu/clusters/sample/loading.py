"""Putting the sample into a cluster, and taking it out.

Both may be done twice, by two at once, and after a try that broke off. Neither ever touches a collection that
only has the sample's name.
"""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from typing import Any
from uuid import UUID

from adieu.clusters.facts import ClusterAway, SampleHasMore, SampleNameTaken
from adieu.clusters.messages import common_pb2, milvus_pb2, schema_pb2
from adieu.clusters.reaching import Conversation, Refused, conversation
from adieu.clusters.sample.foods import FEATURES, FOODS
from adieu.clusters.sample.marking import COLLECTION, MARK, MARKED, is_ours

SECONDS = 10.0
METRIC = "L2"
ALL_OF_IT = 100
# As milvus-lite and newer servers number it, and as older ones do.
NO_SUCH_COLLECTION = {100, 4}
Type = schema_pb2.DataType


def load(*, cluster_id: UUID, account_id: UUID, now: datetime) -> None:
    """Put the sample into a cluster; what of it is there stays.

    Raises:
        ClusterNotFound, NotAllowed: the account may not.
        ClusterNotRunning, ClusterAway: it cannot be reached now.
        SampleNameTaken: somebody has a collection of that name.
    """
    with conversation(cluster_id=cluster_id, account_id=account_id, now=now, seconds=SECONDS) as cluster:
        put_into(cluster)


def remove(*, cluster_id: UUID, account_id: UUID, now: datetime) -> None:
    """Take the sample out of a cluster; where it is not, nothing is done.

    Raises:
        ClusterNotFound, NotAllowed: the account may not.
        ClusterNotRunning, ClusterAway: it cannot be reached now.
        SampleNameTaken, SampleHasMore: what is there is not only the sample.
    """
    with conversation(cluster_id=cluster_id, account_id=account_id, now=now, seconds=SECONDS) as cluster:
        take_out_of(cluster)


def put_into(cluster: Conversation) -> None:
    """Put the sample into the cluster that is spoken to; see `load`."""
    _create(cluster)
    _tolerate(cluster, "CreateIndex", _index())
    _insist(cluster, "LoadCollection", _loading())
    # By primary key: of two who load at once, both write the same rows.
    _insist(cluster, "Upsert", _rows())
    _wait_until_loaded(cluster)


def take_out_of(cluster: Conversation) -> None:
    """Take the sample out of the cluster that is spoken to; see `remove`."""
    described = _describe(cluster)
    if described is None:
        return
    if not is_ours(described):
        raise SampleNameTaken
    if _count_of_others(cluster):
        raise SampleHasMore
    _drop(cluster)


def _create(cluster: Conversation) -> None:
    """Make the collection, unless it is there.

    Raises:
        SampleNameTaken: one is there that is not ours.
    """
    described = _describe(cluster)
    if described is None:
        # Somebody else may be doing the same; what is there afterwards tells.
        _tolerate(cluster, "CreateCollection", _collection())
        described = _describe(cluster)
    if described is None:
        raise ClusterAway
    if not is_ours(described):
        raise SampleNameTaken


def _describe(cluster: Conversation) -> Any:
    request = milvus_pb2.DescribeCollectionRequest(collection_name=COLLECTION)
    try:
        return cluster.ask("DescribeCollection", request)
    except Refused as refused:
        if refused.code in NO_SUCH_COLLECTION:
            return None
        raise ClusterAway from refused


def _tolerate(cluster: Conversation, method: str, request: Any) -> None:
    """Have something done that may be done already; what comes after it would fail otherwise."""
    with suppress(Refused):
        cluster.ask(method, request)


def _insist(cluster: Conversation, method: str, request: Any) -> Any:
    try:
        return cluster.ask(method, request)
    except Refused as refused:
        raise ClusterAway from refused


def _wait_until_loaded(cluster: Conversation) -> None:
    """Wait until it can be searched; on a Milvus server that takes a second."""
    request = milvus_pb2.GetLoadingProgressRequest(collection_name=COLLECTION)
    while _insist(cluster, "GetLoadingProgress", request).progress < ALL_OF_IT:
        cluster.pause()


def _drop(cluster: Conversation) -> None:
    try:
        cluster.ask("DropCollection", milvus_pb2.DropCollectionRequest(collection_name=COLLECTION))
    except Refused as refused:
        if refused.code not in NO_SUCH_COLLECTION:
            raise ClusterAway from refused


def _count_of_others(cluster: Conversation) -> int:
    """Count the rows that are not ours; it is loaded, because only what is loaded can be counted."""
    _tolerate(cluster, "LoadCollection", _loading())
    request = milvus_pb2.QueryRequest(
        collection_name=COLLECTION,
        expr=f"id < {FOODS[0].id} or id > {FOODS[-1].id}",
        output_fields=["count(*)"],
        consistency_level=common_pb2.ConsistencyLevel.Strong,
    )
    [counted] = _insist(cluster, "Query", request).fields_data
    return int(counted.scalars.long_data.data[0])


def _loading() -> Any:
    return milvus_pb2.LoadCollectionRequest(collection_name=COLLECTION, replica_number=1)


def _index() -> Any:
    return milvus_pb2.CreateIndexRequest(
        collection_name=COLLECTION,
        field_name="vector",
        extra_params=_pairs(index_type="AUTOINDEX", metric_type=METRIC),
    )


def _collection() -> Any:
    fields = [
        schema_pb2.FieldSchema(name="id", data_type=Type.Int64, is_primary_key=True),
        schema_pb2.FieldSchema(name="name", data_type=Type.VarChar, type_params=_pairs(max_length="64")),
        schema_pb2.FieldSchema(name="kind", data_type=Type.VarChar, type_params=_pairs(max_length="32")),
        schema_pb2.FieldSchema(
            name="vector", data_type=Type.FloatVector, type_params=_pairs(dim=str(len(FEATURES)))
        ),
    ]
    schema = schema_pb2.CollectionSchema(name=COLLECTION, fields=fields)
    return milvus_pb2.CreateCollectionRequest(
        collection_name=COLLECTION,
        schema=schema.SerializeToString(),
        shards_num=1,
        properties=_pairs(**{MARK: MARKED}),
    )


def _rows() -> Any:
    columns = [
        _column("id", Type.Int64, schema_pb2.ScalarField(long_data={"data": [food.id for food in FOODS]})),
        _column("name", Type.VarChar, _texts(food.name for food in FOODS)),
        _column("kind", Type.VarChar, _texts(food.kind for food in FOODS)),
    ]
    numbers = {"data": [number for food in FOODS for number in food.vector]}
    vectors = schema_pb2.VectorField(dim=len(FEATURES), float_vector=numbers)
    columns.append(schema_pb2.FieldData(field_name="vector", type=Type.FloatVector, vectors=vectors))
    return milvus_pb2.UpsertRequest(collection_name=COLLECTION, fields_data=columns, num_rows=len(FOODS))


def _column(name: str, kind: int, scalars: Any) -> Any:
    return schema_pb2.FieldData(field_name=name, type=kind, scalars=scalars)


def _texts(values: Iterable[str]) -> Any:
    return schema_pb2.ScalarField(string_data={"data": list(values)})


def _pairs(**values: str) -> list[Any]:
    return [common_pb2.KeyValuePair(key=key, value=value) for key, value in values.items()]
