"""The first search: what is most like one of the foods of the sample."""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from adieu.clusters.facts import ClusterAway
from adieu.clusters.messages import common_pb2, milvus_pb2
from adieu.clusters.reaching import Conversation, Refused, conversation
from adieu.clusters.sample.foods import BY_ID, Food
from adieu.clusters.sample.loading import METRIC
from adieu.clusters.sample.marking import COLLECTION

SECONDS = 2.0
LIMIT = 5
SNIPPET = """\
from pymilvus import MilvusClient

client = MilvusClient(uri="{uri}", token="{token}")
found = client.search(
    "{collection}",
    data=[{vector}],  # {name}
    filter='{expression}',
    limit={limit},
    output_fields=["name", "kind"],
)
for hit in found[0]:
    print(round(hit["distance"], 3), hit["entity"]["name"])
"""


@dataclass(frozen=True)
class Found:
    """One that is like it, as the cluster says."""

    id: int
    name: str
    kind: str
    distance: float

    @property
    def food(self) -> Food | None:
        """What we know of it; nothing if somebody else added it."""
        return BY_ID.get(self.id)


def search(*, cluster_id: UUID, account_id: UUID, like: Food, kind: str, now: datetime) -> Sequence[Found]:
    """Find what is nearest to a food, the food itself left out.

    Args:
        cluster_id: Where.
        account_id: Who searches.
        like: One of the sample.
        kind: Only of this kind; of any when it is empty.
        now: The present.

    Raises:
        ClusterNotFound, NotAllowed: the account may not.
        ClusterNotRunning, ClusterAway: it cannot be searched now.
    """
    with conversation(cluster_id=cluster_id, account_id=account_id, now=now, seconds=SECONDS) as cluster:
        return find(cluster, like=like, kind=kind)


def find(cluster: Conversation, *, like: Food, kind: str) -> Sequence[Found]:
    """Find what is nearest to a food in the cluster that is spoken to; see `search`."""
    try:
        answer = cluster.ask("Search", _request(like, kind))
    except Refused as refused:
        raise ClusterAway from refused
    return list(_found(answer.results))


def snippet(*, like: Food, kind: str, uri: str, token: str) -> str:
    """Give the lines of Python that do the same."""
    return SNIPPET.format(
        uri=uri,
        token=token,
        collection=COLLECTION,
        vector=list(like.vector),
        name=like.name,
        expression=_expression(like, kind),
        limit=LIMIT,
    )


def _expression(like: Food, kind: str) -> str:
    others = f"id != {like.id}"
    return f'{others} and kind == "{kind}"' if kind else others


def _request(like: Food, kind: str) -> Any:
    vector = common_pb2.PlaceholderValue(
        tag="$0",
        type=common_pb2.PlaceholderType.FloatVector,
        values=[struct.pack(f"<{len(like.vector)}f", *like.vector)],
    )
    settings = {
        "anns_field": "vector",
        "topk": str(LIMIT),
        "metric_type": METRIC,
        "params": "{}",
        "round_decimal": "-1",
    }
    return milvus_pb2.SearchRequest(
        collection_name=COLLECTION,
        dsl=_expression(like, kind),
        dsl_type=common_pb2.DslType.BoolExprV1,
        placeholder_group=common_pb2.PlaceholderGroup(placeholders=[vector]).SerializeToString(),
        output_fields=["name", "kind"],
        search_params=[common_pb2.KeyValuePair(key=key, value=value) for key, value in settings.items()],
        nq=1,
    )


def _found(results: Any) -> Iterator[Found]:
    columns = {field.field_name: field.scalars.string_data.data for field in results.fields_data}
    for number, (id_, distance) in enumerate(zip(results.ids.int_id.data, results.scores, strict=True)):
        yield Found(id_, columns["name"][number], columns["kind"][number], distance)
