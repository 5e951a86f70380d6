"""The routes about rows, other than searching."""

import json
from typing import Any

from pymilvus.grpc_gen import milvus_pb2

from adieu.clusters.engines.process.rest import collections
from adieu.clusters.engines.process.rest.answers import Code, refusal
from adieu.clusters.engines.process.rest.bodies import Body
from adieu.clusters.engines.process.rest.calls import Calls
from adieu.clusters.engines.process.rest.columns import ALL, SCALARS, Type, columns_of, rows_of
from adieu.clusters.engines.process.rest.schemas import pair

# As in Milvus, also of offset and limit together.
MOST_ROWS = 16_384
LIMIT = 100
COUNT = "count(*)"


def insert(calls: Calls, body: Body, *, reads_int64: bool) -> dict[str, Any]:
    """`entities/insert`."""
    answer = calls.call("Insert", _written(calls, body, milvus_pb2.InsertRequest))
    return {"data": {"insertCount": answer.insert_cnt, "insertIds": ids(answer.IDs, reads_int64=reads_int64)}}


def upsert(calls: Calls, body: Body, *, reads_int64: bool) -> dict[str, Any]:
    """`entities/upsert`."""
    answer = calls.call("Upsert", _written(calls, body, milvus_pb2.UpsertRequest))
    return {"data": {"upsertCount": answer.upsert_cnt, "upsertIds": ids(answer.IDs, reads_int64=reads_int64)}}


def delete(calls: Calls, body: Body, *, reads_int64: bool) -> dict[str, Any]:
    """`entities/delete`."""
    request = milvus_pb2.DeleteRequest(
        collection_name=body.text("collectionName"),
        partition_name=body.text("partitionName", ""),
        expr=body.text("filter"),
    )
    return {"data": {"deleteCount": calls.call("Delete", request).delete_cnt}}


def get(calls: Calls, body: Body, *, reads_int64: bool) -> dict[str, Any]:
    """`entities/get`."""
    body.require("id")
    schema = collections.described(calls, body.text("collectionName")).schema
    request = _query(body)
    request.expr = _by_keys(schema, body.anything("id"))
    return _queried(calls, request, reads_int64=reads_int64)


def query(calls: Calls, body: Body, *, reads_int64: bool) -> dict[str, Any]:
    """`entities/query`."""
    request, (limit, offset) = _query(body), window(body)
    if request.output_fields != [COUNT]:
        request.query_params.extend([pair("limit", limit), pair("offset", offset)])
    answer = _queried(calls, request, reads_int64=reads_int64)
    # milvus-lite gives all rows that are asked for by their keys, whatever the limit.
    if len(answer["data"]) > limit:
        answer["data"] = answer["data"][offset : offset + limit]
    return answer


def window(body: Body) -> tuple[int, int]:
    """Give the limit and the offset."""
    limit, offset = body.whole("limit", LIMIT), body.whole("offset", 0)
    if limit < 1 or offset < 0 or limit + offset > MOST_ROWS:
        said = f"(offset+limit) should be in range [1, {MOST_ROWS}]"
        raise refusal(Code.INVALID, f"invalid max query result window, {said}")
    return limit, offset


def consistency(body: Body, request: Any) -> None:
    """Say how new the answer has to be."""
    name = body.text("consistencyLevel", "")
    request.use_default_consistency = not name
    request.consistency_level = collections.level_of(name or "Bounded")


def ids(given: Any, *, reads_int64: bool) -> list[Any]:
    """Give keys."""
    slot = given.WhichOneof("id_field")
    values = [] if slot is None else list(getattr(given, slot).data)
    return [str(each) for each in values] if slot == "int_id" and not reads_int64 else values


def _written(calls: Calls, body: Body, kind: Any) -> Any:
    body.require("data")
    # One row may be sent without a list around it.
    one = body.anything("data")
    rows = [one] if isinstance(one, dict) else body.objects("data")
    name = body.text("collectionName")
    schema = collections.described(calls, name).schema
    return kind(
        collection_name=name,
        partition_name=body.text("partitionName", ""),
        fields_data=columns_of(rows, schema),
        num_rows=len(rows),
    )


def _query(body: Body) -> Any:
    request = milvus_pb2.QueryRequest(
        collection_name=body.text("collectionName"),
        expr=body.text("filter", ""),
        output_fields=body.texts("outputFields") or [ALL],
        partition_names=body.texts("partitionNames"),
    )
    consistency(body, request)
    return request


def _queried(calls: Calls, request: Any, *, reads_int64: bool) -> dict[str, Any]:
    answer = calls.call("Query", request)
    rows = rows_of(answer.fields_data, asked=list(request.output_fields), reads_int64=reads_int64)
    return {"data": rows}


def _by_keys(schema: Any, asked: Any) -> str:
    key = next(field for field in schema.fields if field.is_primary_key)
    keys = asked if isinstance(asked, list) else [asked]
    if len(keys) > MOST_ROWS:
        raise refusal(Code.INVALID, f"at most {MOST_ROWS} keys may be asked for at once")
    check = SCALARS[key.data_type][1]
    try:
        written = [json.dumps(check(each), ensure_ascii=False) for each in keys]
    except (ValueError, TypeError):
        kind = Type.Name(key.data_type)
        raise refusal(Code.WRONG_KEY, f"the primary key {key.name} is a {kind}") from None
    return f"{key.name} in [{', '.join(written)}]"
