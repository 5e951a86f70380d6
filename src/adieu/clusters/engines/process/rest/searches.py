"""The routes that search by likeness."""

from typing import Any

from pymilvus.grpc_gen import milvus_pb2, schema_pb2

from adieu.clusters.engines.process.rest import collections, entities, vectors
from adieu.clusters.engines.process.rest.answers import Code, refusal
from adieu.clusters.engines.process.rest.bodies import Body
from adieu.clusters.engines.process.rest.calls import Calls
from adieu.clusters.engines.process.rest.columns import rows_of
from adieu.clusters.engines.process.rest.schemas import ID, pair

STRATEGIES = ("rrf", "weighted")
# Those that Milvus takes beside the parameters of the index, by their names in JSON.
BESIDE = {
    "metricType": "metric_type",
    "metric_type": "metric_type",
    "ignoreGrowing": "ignore_growing",
    "ignore_growing": "ignore_growing",
    "hints": "hints",
}


def search(calls: Calls, body: Body, *, reads_int64: bool) -> dict[str, Any]:
    """`entities/search`."""
    schema = collections.described(calls, body.text("collectionName")).schema
    request = _search(body, body, schema)
    request.search_params.extend(_grouping(body))
    request.search_params.extend(_params(body.part("searchParams"), ""))
    return _found(calls.call("Search", request), request, reads_int64=reads_int64)


def hybrid_search(calls: Calls, body: Body, *, reads_int64: bool) -> dict[str, Any]:
    """`entities/hybrid_search`."""
    body.require("search")
    limit, _ = entities.window(body)
    schema = collections.described(calls, body.text("collectionName")).schema
    request = milvus_pb2.HybridSearchRequest(
        collection_name=body.text("collectionName"),
        output_fields=body.texts("outputFields"),
        partition_names=body.texts("partitionNames"),
    )
    entities.consistency(body, request)
    for part in body.parts("search"):
        one = request.requests.add()
        one.CopyFrom(_search(body, part, schema))
        one.search_params.extend(_params(part.part("params"), part.text("metricType", "")))
    request.rank_params.extend(_ranking(body.part("rerank"), limit))
    request.rank_params.extend(_grouping(body))
    return _found(calls.call("HybridSearch", request), request, reads_int64=reads_int64)


def _search(body: Body, part: Body, schema: Any) -> Any:
    """Write one search; a part of a hybrid one has its own vectors, filter and limit."""
    part.require("data")
    field = _field(schema, part.text("annsField", ""))
    limit, offset = entities.window(part)
    request = milvus_pb2.SearchRequest(
        collection_name=body.text("collectionName"),
        dsl=part.text("filter", ""),
        dsl_type=1,
        output_fields=body.texts("outputFields"),
        partition_names=body.texts("partitionNames"),
        placeholder_group=vectors.placeholders(
            part.anything("data"), field, is_text=_is_found_by_text(schema, field)
        ),
        nq=len(part.anything("data")),
    )
    entities.consistency(body, request)
    request.search_params.extend(
        [
            pair("anns_field", field.name),
            pair("topk", limit),
            pair("offset", offset),
            pair("round_decimal", -1),
        ]
    )
    return request


def _field(schema: Any, name: str) -> Any:
    fields = collections.vector_fields(schema)
    if not name and len(fields) > 1:
        names = ", ".join(field.name for field in fields)
        raise refusal(Code.NOT_READABLE, f"annsField is required, there is more than one: {names}")
    for field in fields:
        if name in ("", field.name):
            return field
    raise refusal(Code.NOT_READABLE, f"cannot find a vector field named: {name}")


def _is_found_by_text(schema: Any, field: Any) -> bool:
    bm25 = schema_pb2.FunctionType.BM25
    return any(each.type == bm25 and field.name in each.output_field_names for each in schema.functions)


def _params(given: Body, metric: str) -> list[Any]:
    """Write the parameters of a search, which are sent flat, or within `params`, or both."""
    said = {**dict(given.items()), **dict(given.part("params").items())}
    said.pop("params", None)
    beside = {BESIDE[name]: said.pop(name) for name in list(said) if name in BESIDE}
    if metric:
        beside["metric_type"] = metric
    return [pair("params", said), *(pair(name, value) for name, value in beside.items())]


def _grouping(body: Body) -> list[Any]:
    field = body.text("groupingField", "")
    if not field:
        return []
    pairs = [pair("group_by_field", field)]
    if (size := body.whole("groupSize", 0)) > 0:
        pairs.append(pair("group_size", size))
        pairs.append(pair("strict_group_size", body.flag("strictGroupSize")))
    return pairs


def _ranking(given: Body, limit: int) -> list[Any]:
    strategy = given.text("strategy", STRATEGIES[0])
    if strategy not in STRATEGIES:
        raise refusal(Code.INVALID, f"rerank strategy can only be [{', '.join(STRATEGIES)}]")
    params = dict(given.part("params").items())
    return [
        pair("strategy", strategy),
        pair("params", params),
        pair("limit", limit),
        pair("round_decimal", -1),
    ]


def _found(answer: Any, request: Any, *, reads_int64: bool) -> dict[str, Any]:
    results = answer.results
    keys = entities.ids(results.ids, reads_int64=reads_int64)
    # Who asks for no fields gets none; milvus-lite would give all.
    columns, asked = (results.fields_data, list(request.output_fields)) if request.output_fields else ([], [])
    rows = rows_of(columns, asked=asked, reads_int64=reads_int64) or [{} for _ in keys]
    for row, key, score in zip(rows, keys, results.scores, strict=True):
        row.update({ID: key, "distance": score})
    return {"data": rows, "topks": list(results.topks)}
