"""The REST API of a cluster, route by route, as Milvus' own answers (Rule K1)."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.clusters import Cluster, running
from tests.support.rest import Rest

# No database of Adieu takes part.
pytestmark = pytest.mark.only_on("sqlite")
ROWS: list[dict[str, Any]] = [
    {"id": each, "vector": [1.0, each / 2, 0.0, 0.25], "word": f"w{each}"} for each in range(10)
]
BIG = 2**53 + 1
FIELDS: list[dict[str, Any]] = [
    {"fieldName": "key", "dataType": "VarChar", "isPrimary": True, "elementTypeParams": {"max_length": 64}},
    {"fieldName": "dense", "dataType": "FloatVector", "elementTypeParams": {"dim": "2"}},
    {"fieldName": "sparse", "dataType": "SparseFloatVector"},
    {"fieldName": "yes", "dataType": "Bool"},
    {"fieldName": "tiny", "dataType": "Int8"},
    {"fieldName": "large", "dataType": "Int64", "nullable": True},
    {"fieldName": "real", "dataType": "Double"},
    {"fieldName": "page", "dataType": "JSON"},
    {
        "fieldName": "tags",
        "dataType": "Array",
        "elementDataType": "VarChar",
        "elementTypeParams": {"max_capacity": 4, "max_length": 8},
    },
]
INDEXES = [
    {"fieldName": "dense", "indexName": "by_dense", "metricType": "L2", "indexType": "HNSW"},
    {"fieldName": "sparse", "metricType": "IP", "indexType": "SPARSE_INVERTED_INDEX"},
]
ROW: dict[str, Any] = {
    "key": "ä",
    "dense": [0.5, 1],
    "sparse": {"3": 0.5, "70000": 2.0},
    "yes": True,
    "tiny": -128,
    "large": BIG,
    "real": 0.1,
    "page": {"a": [1, {"b": None}]},
    "tags": ["x", "y"],
}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with running(tmp_path_factory.mktemp("rest")) as cluster:
        yield cluster


@pytest.fixture
def rest(cluster: Cluster) -> Iterator[Rest]:
    rest = Rest(cluster)
    yield rest
    for name in rest.data("collections/list", {}):
        rest.data("collections/drop", {"collectionName": name})
    rest.close()


@pytest.fixture
def words(rest: Rest) -> str:
    """A collection of quick setup with ten rows."""
    rest.data("collections/create", {"collectionName": "words", "dimension": 4, "metricType": "L2"})
    rest.data("entities/insert", {"collectionName": "words", "data": ROWS})
    return "words"


@pytest.fixture
def full(rest: Rest) -> str:
    """A collection of many kinds of fields with one row."""
    schema: dict[str, Any] = {"autoId": False, "enableDynamicField": False, "fields": FIELDS}
    asked: dict[str, Any] = {"collectionName": "full", "schema": schema, "indexParams": INDEXES}
    assert rest.data("collections/create", asked) == {}
    rest.data("entities/insert", {"collectionName": "full", "data": [ROW]})
    return "full"


def test_databases_are_listed(rest: Rest) -> None:
    assert rest.data("databases/list", {}) == ["default"]


def test_a_collection_of_a_quick_setup_is_described_as_in_milvus(rest: Rest, words: str) -> None:
    said = rest.data("collections/describe", {"collectionName": words})
    assert (said["collectionName"], said["description"], said["autoId"]) == (words, "", False)
    assert (said["enableDynamicField"], said["load"], said["aliases"]) == (True, "LoadStateLoaded", [])
    assert said["indexes"] == [{"indexName": "vector", "fieldName": "vector", "metricType": "L2"}]
    key, vector = said["fields"]
    assert (key["name"], key["type"], key["primaryKey"], key["autoId"]) == ("id", "Int64", True, False)
    assert (vector["name"], vector["type"]) == ("vector", "FloatVector")
    assert vector["params"] == [{"key": "dim", "value": "4"}]
    kinds = {name: type(value) for name, value in said.items()}
    assert kinds == {
        **dict.fromkeys(("collectionName", "description", "load", "consistencyLevel"), str),
        **dict.fromkeys(("collectionID", "shardsNum", "partitionsNum"), int),
        **dict.fromkeys(("autoId", "enableDynamicField"), bool),
        **dict.fromkeys(("fields", "functions", "aliases", "indexes", "properties"), list),
    }


def test_a_quick_setup_takes_names_a_kind_of_key_and_its_length(rest: Rest) -> None:
    asked = {
        "collectionName": "named",
        "dimension": 2,
        "idType": "VarChar",
        "autoID": False,
        "primaryFieldName": "isbn",
        "vectorFieldName": "cover",
        "params": {"max_length": 13},
    }
    rest.data("collections/create", asked)
    said = rest.data("collections/describe", {"collectionName": "named"})
    assert [(each["name"], each["type"]) for each in said["fields"]] == [
        ("isbn", "VarChar"),
        ("cover", "FloatVector"),
    ]
    assert said["fields"][0]["params"] == [{"key": "max_length", "value": "13"}]
    assert said["indexes"][0]["metricType"] == "COSINE"
    rest.data("entities/insert", {"collectionName": "named", "data": {"isbn": "1", "cover": [1, 0]}})
    found = rest.data("entities/search", {"collectionName": "named", "data": [[1, 0]], "limit": 1})
    assert found == [{"id": "1", "distance": pytest.approx(1)}]


def test_keys_are_made_when_that_is_asked_for(rest: Rest) -> None:
    rest.data("collections/create", {"collectionName": "counted", "dimension": 2, "autoID": True})
    rows = [{"vector": [0, 1]}, {"vector": [1, 0]}]
    said = rest.data("entities/insert", {"collectionName": "counted", "data": rows})
    assert said["insertCount"] == 2
    assert len(set(said["insertIds"])) == 2
    assert all(isinstance(each, int) for each in said["insertIds"])


def test_has_list_and_drop(rest: Rest, words: str) -> None:
    assert rest.data("collections/list", {}) == [words]
    assert rest.data("collections/has", {"collectionName": words}) == {"has": True}
    assert rest.data("collections/drop", {"collectionName": words}) == {}
    assert rest.data("collections/has", {"collectionName": words}) == {"has": False}
    assert rest.data("collections/list", {"dbName": "default"}) == []


def test_every_kind_of_field_is_given_back_as_it_was_sent(rest: Rest, full: str) -> None:
    asked = {"collectionName": full, "id": "ä", "outputFields": ["*"]}
    assert rest.data("entities/get", asked) == [ROW]
    nothing = {**ROW, "key": 'quo"te\\', "large": None, "page": None}
    assert rest.refusal("entities/insert", {"collectionName": full, "data": [nothing]})[0] == 1804
    nothing["page"] = []
    rest.data("entities/insert", {"collectionName": full, "data": [nothing]})
    assert rest.data("entities/get", {"collectionName": full, "id": ['quo"te\\']}) == [nothing]


def test_a_collection_with_a_schema_is_described_and_searched_in_each_field(rest: Rest, full: str) -> None:
    said = rest.data("collections/describe", {"collectionName": full})
    assert [each["name"] for each in said["fields"]] == [each["fieldName"] for each in FIELDS]
    assert said["fields"][-1]["elementType"] == "VarChar"
    assert said["fields"][5]["nullable"] is True
    assert {(each["fieldName"], each["metricType"]) for each in said["indexes"]} == {
        ("dense", "L2"),
        ("sparse", "IP"),
    }
    for field, vector, distance in (("dense", [0.5, 1], 0), ("sparse", {"indices": [3], "values": [2]}, 1)):
        asked = {"collectionName": full, "annsField": field, "data": [vector], "limit": 5}
        assert rest.data("entities/search", asked) == [{"id": "ä", "distance": pytest.approx(distance)}]


def test_integers_of_64_bits_are_texts_for_who_cannot_read_them(rest: Rest, full: str) -> None:
    for said, large in (({}, BIG), ({"Accept_Type_Allow_Int64": "false"}, str(BIG))):
        asked = {"collectionName": full, "filter": 'key == "ä"', "outputFields": ["large"]}
        assert rest.data("entities/query", asked, **said) == [{"key": "ä", "large": large}]
    rest.data("collections/create", {"collectionName": "ids", "dimension": 1, "metricType": "L2"})
    rows = [{"id": str(BIG), "vector": [0]}]
    written: dict[str, Any] = {"collectionName": "ids", "data": rows}
    assert rest.data("entities/insert", written)["insertIds"] == [BIG]
    assert rest.data("entities/upsert", written, Accept_Type_Allow_Int64="false") == {
        "upsertCount": 1,
        "upsertIds": [str(BIG)],
    }
    searched = {"collectionName": "ids", "data": [[0]], "limit": 1}
    assert rest.data("entities/search", searched, Accept_Type_Allow_Int64="0")[0]["id"] == str(BIG)


def test_rows_are_written_over_and_deleted(rest: Rest, words: str) -> None:
    changed = {"id": 3, "vector": [9, 9, 9, 9], "word": "new"}
    assert rest.data("entities/upsert", {"collectionName": words, "data": [changed]}) == {
        "upsertCount": 1,
        "upsertIds": [3],
    }
    asked = {"collectionName": words, "id": [3, "4"], "outputFields": ["word"]}
    assert rest.data("entities/get", asked) == [{"id": 3, "word": "new"}, {"id": 4, "word": "w4"}]
    assert rest.data("entities/delete", {"collectionName": words, "filter": "id > 3"}) == {"deleteCount": 6}
    asked = {"collectionName": words, "outputFields": ["count(*)"]}
    assert rest.data("entities/query", asked) == [{"count(*)": 4}]


@pytest.mark.parametrize("filter_", ["", "id >= 0", "id in [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]"])
def test_rows_are_paged_through(rest: Rest, words: str, filter_: str) -> None:
    seen = []
    for offset in range(0, 12, 4):
        asked = {"collectionName": words, "filter": filter_, "limit": 4, "offset": offset}
        seen.append([row["id"] for row in rest.data("entities/query", {**asked, "outputFields": ["id"]})])
    assert seen == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


def test_a_query_gives_what_was_asked_for(rest: Rest, words: str) -> None:
    asked = {"collectionName": words, "filter": "id == 2"}
    assert rest.data("entities/query", asked) == [ROWS[2]]
    assert rest.data("entities/query", {**asked, "outputFields": ["word"]}) == [{"id": 2, "word": "w2"}]
    assert rest.data("entities/query", {**asked, "filter": "id == 99"}) == []


def test_a_search_gives_the_nearest_of_each_vector_in_one_list(rest: Rest, words: str) -> None:
    asked = {"collectionName": words, "data": [ROWS[0]["vector"], ROWS[9]["vector"]], "limit": 2}
    answer = rest.whole("entities/search", asked)
    assert [row["id"] for row in answer["data"]] == [0, 1, 9, 8]
    assert answer["topks"] == [2, 2]
    assert answer["data"][0] == {"id": 0, "distance": 0}


def test_a_search_is_filtered_paged_and_gives_what_was_asked_for(rest: Rest, words: str) -> None:
    asked = {
        "collectionName": words,
        "data": [ROWS[0]["vector"]],
        "annsField": "vector",
        "filter": "id > 1",
        "limit": 2,
        "offset": 1,
        "outputFields": ["word"],
        "searchParams": {"metricType": "L2", "params": {"ef": 32}},
        "consistencyLevel": "Strong",
    }
    assert rest.data("entities/search", asked) == [
        {"id": 3, "word": "w3", "distance": pytest.approx(2.25)},
        {"id": 4, "word": "w4", "distance": pytest.approx(4)},
    ]
    for params in ({"radius": 2.0, "range_filter": 0.1}, {"params": {"radius": 2.0, "range_filter": 0.1}}):
        near = {"collectionName": words, "data": [ROWS[0]["vector"]], "searchParams": params}
        assert [row["id"] for row in rest.data("entities/search", near)] == [1, 2]


def test_a_search_is_grouped(rest: Rest, full: str) -> None:
    rows = [{**ROW, "key": f"k{each}", "tiny": each % 2, "dense": [each, 0]} for each in range(6)]
    rest.data("entities/insert", {"collectionName": full, "data": rows})
    asked = {
        "collectionName": full,
        "data": [[0, 0]],
        "annsField": "dense",
        "filter": "tiny >= 0",
        "groupingField": "tiny",
        "limit": 5,
        "outputFields": ["tiny"],
    }
    assert [(row["id"], row["tiny"]) for row in rest.data("entities/search", asked)] == [("k0", 0), ("k1", 1)]


def test_a_search_keeps_to_partitions(cluster: Cluster, rest: Rest, words: str) -> None:
    cluster.client().create_partition(words, "apart")
    row = {"id": 77, "vector": [0, 0, 0, 0]}
    rest.data("entities/insert", {"collectionName": words, "partitionName": "apart", "data": [row]})
    asked = {"collectionName": words, "partitionNames": ["apart"]}
    assert [each["id"] for each in rest.data("entities/query", {**asked, "filter": "id >= 0"})] == [77]
    assert [each["id"] for each in rest.data("entities/search", {**asked, "data": [[0, 0, 0, 0]]})] == [77]


@pytest.mark.parametrize(
    ("rerank", "first"),
    [
        ({"strategy": "rrf", "params": {"k": 10}}, "both"),
        ({"strategy": "weighted", "params": {"weights": [1.0, 0.0]}}, "dense"),
        ({"strategy": "weighted", "params": {"weights": [0.0, 1.0]}}, "sparse"),
    ],
)
def test_several_searches_are_put_in_one_order(
    rest: Rest, full: str, rerank: dict[str, Any], first: str
) -> None:
    rows = [
        {**ROW, "key": "dense", "dense": [5, 5], "sparse": {"1": 0.01}},
        {**ROW, "key": "sparse", "dense": [9, 9], "sparse": {"1": 9.0}},
        {**ROW, "key": "both", "dense": [5, 6], "sparse": {"1": 8.0}},
    ]
    rest.data("entities/insert", {"collectionName": full, "data": rows})
    parts = [
        {"data": [[5, 5]], "annsField": "dense", "limit": 2, "metricType": "L2", "params": {"ef": 16}},
        {"data": [{"1": 1.0}], "annsField": "sparse", "limit": 2, "filter": 'key != "ä"'},
    ]
    asked = {"collectionName": full, "search": parts, "rerank": rerank, "limit": 2, "outputFields": ["tiny"]}
    answer = rest.whole("entities/hybrid_search", asked)
    assert answer["data"][0]["id"] == first
    assert answer["data"][0]["tiny"] == -128
    assert answer["topks"] == [2]


def test_what_pymilvus_wrote_is_read_here_and_the_other_way_round(cluster: Cluster, rest: Rest) -> None:
    client = cluster.client()
    client.create_collection("both", dimension=2)
    client.insert("both", [{"id": 1, "vector": [1.0, 0.0], "more": {"a": 1}}])
    read = rest.data("entities/get", {"collectionName": "both", "id": 1})
    assert read == [{"id": 1, "vector": [1, 0], "more": {"a": 1}}]
    rest.data("entities/insert", {"collectionName": "both", "data": [{"id": 2, "vector": [0, 1], "more": 5}]})
    assert client.query("both", filter="id == 2")[0]["more"] == 5


REFUSALS: dict[str, tuple[str, Any, int, str]] = {
    "a collection that is not there": ("collections/describe", {"collectionName": "x"}, 100, "x"),
    "no name": (
        "collections/has",
        {},
        1802,
        "missing required parameters, error: collectionName is required",
    ),
    "an empty name": ("collections/drop", {"collectionName": ""}, 1802, "collectionName"),
    "a name that is no text": (
        "collections/drop",
        {"collectionName": 5},
        1801,
        "collectionName has to be a text",
    ),
    "no dimension": ("collections/create", {"collectionName": "x"}, 1100, "dimension"),
    "a kind of key": (
        "collections/create",
        {"collectionName": "x", "dimension": 2, "idType": "F"},
        1100,
        "idType",
    ),
    "a key without a length": (
        "collections/create",
        {"collectionName": "x", "dimension": 2, "idType": "VarChar"},
        1802,
        "max_length",
    ),
    "a type of a field": (
        "collections/create",
        {"collectionName": "x", "schema": {"fields": [{"fieldName": "a", "dataType": "int64"}]}},
        1100,
        "data type int64 is invalid(case sensitive)",
    ),
    "an index of no field": (
        "collections/create",
        {"collectionName": "x", "schema": {"fields": FIELDS}, "indexParams": [{"fieldName": "b"}]},
        1802,
        "`b` hasn't defined in schema",
    ),
    "an unknown database": ("collections/list", {"dbName": "nowhere"}, 65535, "nowhere"),
    "no rows": ("entities/insert", {"collectionName": "words", "data": []}, 1802, "data is required"),
    "a row without a vector": (
        "entities/insert",
        {"collectionName": "words", "data": [{"id": 1}]},
        1804,
        "vector",
    ),
    "a short vector": (
        "entities/insert",
        {"collectionName": "words", "data": [{"id": 1, "vector": [1]}]},
        1804,
        "FloatVector",
    ),
    "a key that is a text": (
        "entities/insert",
        {"collectionName": "words", "data": [{"id": "one", "vector": [0, 0, 0, 0]}]},
        1804,
        "id",
    ),
    "no keys": ("entities/get", {"collectionName": "words"}, 1802, "id is required"),
    "keys of the wrong kind": ("entities/get", {"collectionName": "words", "id": [1.5]}, 1806, "Int64"),
    "no filter": ("entities/delete", {"collectionName": "words"}, 1802, "filter is required"),
    "a filter that is none": ("entities/query", {"collectionName": "words", "filter": "id ==="}, 1100, ""),
    "nothing to search for": ("entities/search", {"collectionName": "words"}, 1802, "data is required"),
    "a vector of other dimensions": (
        "entities/search",
        {"collectionName": "words", "data": [[1]]},
        1801,
        "vectors of 4 dimensions",
    ),
    "a field without vectors": (
        "entities/search",
        {"collectionName": "words", "data": [[1]], "annsField": "id"},
        1801,
        "cannot find a vector field named: id",
    ),
    "too far": ("entities/query", {"collectionName": "words", "limit": 1, "offset": 16_384}, 1100, "16384"),
    "no row": ("entities/query", {"collectionName": "words", "limit": 0}, 1100, "16384"),
    "before the first": ("entities/query", {"collectionName": "words", "offset": -1}, 1100, "16384"),
    "a limit that is none": (
        "entities/search",
        {"collectionName": "words", "data": [[1]], "limit": "5"},
        1801,
        "limit",
    ),
    "a level of consistency": (
        "entities/query",
        {"collectionName": "words", "consistencyLevel": "Some"},
        1100,
        "consistencyLevel can only be",
    ),
    "an order that is not known": (
        "entities/hybrid_search",
        {"collectionName": "words", "search": [{"data": [[0, 0, 0, 0]]}], "rerank": {"strategy": "mine"}},
        1100,
        "rerank strategy can only be [rrf, weighted]",
    ),
    "a route that is not offered": ("users/list", {}, 10, "This cluster does not offer that route."),
    "an import": ("jobs/import/create", {}, 10, "This cluster does not offer that route."),
}


def test_what_does_not_fit_is_refused_with_the_codes_of_milvus(rest: Rest, words: str) -> None:
    for what, (route, body, code, said) in REFUSALS.items():
        found, message = rest.refusal(route, body)
        assert (what, found) == (what, code), message
        assert said in message


def test_two_fields_of_vectors_need_a_name(rest: Rest, full: str) -> None:
    code, message = rest.refusal("entities/search", {"collectionName": full, "data": [[1, 2]]})
    assert (code, "annsField is required" in message) == (1801, True)


def test_a_field_that_the_collection_does_not_have_is_refused(rest: Rest, full: str) -> None:
    rows = [{**ROW, "key": "b", "more": 1}]
    code, message = rest.refusal("entities/insert", {"collectionName": full, "data": rows})
    assert (code, message) == (1804, "fail to deal the insert data, error: the collection has no field more")
