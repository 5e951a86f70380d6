"""The routes about collections."""

from typing import Any

from pymilvus.grpc_gen import common_pb2, milvus_pb2

from adieu.clusters.engines.process.rest import schemas
from adieu.clusters.engines.process.rest.answers import Code, Refused, refusal
from adieu.clusters.engines.process.rest.bodies import Body
from adieu.clusters.engines.process.rest.calls import Calls
from adieu.clusters.engines.process.rest.schemas import pair
from adieu.clusters.engines.process.rest.vectors import KINDS

METRIC = "COSINE"
Level = common_pb2.ConsistencyLevel


def list_databases(calls: Calls, body: Body) -> dict[str, Any]:
    """`databases/list`."""
    answer = calls.call("ListDatabases", milvus_pb2.ListDatabasesRequest())
    return {"data": list(answer.db_names)}


def list_collections(calls: Calls, body: Body) -> dict[str, Any]:
    """`collections/list`."""
    answer = calls.call("ShowCollections", milvus_pb2.ShowCollectionsRequest())
    return {"data": list(answer.collection_names)}


def has(calls: Calls, body: Body) -> dict[str, Any]:
    """`collections/has`."""
    request = milvus_pb2.HasCollectionRequest(collection_name=body.text("collectionName"))
    return {"data": {"has": calls.call("HasCollection", request).value}}


def drop(calls: Calls, body: Body) -> dict[str, Any]:
    """`collections/drop`."""
    request = milvus_pb2.DropCollectionRequest(collection_name=body.text("collectionName"))
    calls.call("DropCollection", request)
    return {"data": {}}


def describe(calls: Calls, body: Body) -> dict[str, Any]:
    """`collections/describe`."""
    name = body.text("collectionName")
    answer = described(calls, name)
    state = calls.call("GetLoadState", milvus_pb2.GetLoadStateRequest(collection_name=name)).state
    more = {
        "aliases": list(answer.aliases),
        "indexes": _indexes(calls, name),
        "load": common_pb2.LoadState.Name(state),
    }
    return {"data": {**schemas.described(answer), **more}, "message": ""}


def described(calls: Calls, name: str) -> Any:
    """Ask what a collection is made of."""
    return calls.call("DescribeCollection", milvus_pb2.DescribeCollectionRequest(collection_name=name))


def create(calls: Calls, body: Body) -> dict[str, Any]:
    """`collections/create`: with no more than a dimension, or with a schema."""
    name, is_full = body.text("collectionName"), body.part("schema").has("fields")
    schema = schemas.full_schema(body) if is_full else schemas.quick_schema(body)
    indexes = _asked_indexes(body, schema) if is_full else [_quick_index(body, schema)]
    calls.call("CreateCollection", _creation(body, schema))
    for index in indexes:
        calls.call("CreateIndex", index)
    if indexes:
        calls.call("LoadCollection", milvus_pb2.LoadCollectionRequest(collection_name=name))
    return {"data": {}}


def _creation(body: Body, schema: Any) -> Any:
    params = body.part("params")
    request = milvus_pb2.CreateCollectionRequest(
        collection_name=schema.name,
        schema=schema.SerializeToString(),
        shards_num=params.whole("shardsNum", 1),
        consistency_level=level_of(params.text("consistencyLevel", "Bounded")),
    )
    if any(field.is_partition_key for field in schema.fields):
        request.num_partitions = params.whole("partitionsNum", 64)
    if params.has("ttlSeconds"):
        request.properties.append(pair("collection.ttl.seconds", params.anything("ttlSeconds")))
    return request


def level_of(name: str) -> int:
    """Give the number of a consistency level."""
    if name not in Level.keys():  # noqa: SIM118 - an enum of protobuf
        levels = "[Strong, Session, Bounded, Eventually, Customized]"
        raise refusal(Code.INVALID, f"consistencyLevel can only be {levels}, default: Bounded")
    level: int = Level.Value(name)
    return level


def _quick_index(body: Body, schema: Any) -> Any:
    vector = schema.fields[-1].name
    params = [pair("index_type", "AUTOINDEX"), pair("metric_type", body.text("metricType", "") or METRIC)]
    return milvus_pb2.CreateIndexRequest(
        collection_name=schema.name, field_name=vector, index_name=vector, extra_params=params
    )


def _asked_indexes(body: Body, schema: Any) -> list[Any]:
    names = {field.name for field in schema.fields}
    asked = body.parts("indexParams")
    for each in asked:
        if each.text("fieldName") not in names:
            raise refusal(Code.MISSING, f"`{each.text('fieldName')}` hasn't defined in schema")
    return [_asked_index(each, schema.name) for each in asked]


def _asked_index(asked: Body, collection: str) -> Any:
    params = asked.part("params")
    kind = asked.text("indexType", "") or params.text("index_type", "") or "AUTOINDEX"
    extra = [pair("index_type", kind)]
    if metric := asked.text("metricType", ""):
        extra.append(pair("metric_type", metric))
    if params.items():
        extra.append(pair("params", dict(params.items())))
    field = asked.text("fieldName")
    return milvus_pb2.CreateIndexRequest(
        collection_name=collection,
        field_name=field,
        index_name=asked.text("indexName", "") or field,
        extra_params=extra,
    )


def _indexes(calls: Calls, name: str) -> list[dict[str, str]]:
    try:
        answer = calls.call("DescribeIndex", milvus_pb2.DescribeIndexRequest(collection_name=name))
    except Refused as none:
        # A collection without any is described, too.
        if none.code != NO_INDEX:
            raise
        return []
    return [
        {
            "indexName": each.index_name,
            "fieldName": each.field_name,
            "metricType": next((pair.value for pair in each.params if pair.key == "metric_type"), METRIC),
        }
        for each in answer.index_descriptions
    ]


NO_INDEX = 700


def vector_fields(schema: Any) -> list[Any]:
    """Give the fields of a collection that hold vectors."""
    return [field for field in schema.fields if field.data_type in KINDS]
