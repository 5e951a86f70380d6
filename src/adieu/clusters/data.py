"""What is in a cluster, as its page and the API show it: its collections, as far as time allows."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from adieu.clusters.facts import ClusterAway
from adieu.clusters.messages import common_pb2, milvus_pb2
from adieu.clusters.reaching import Conversation, Refused, conversation
from adieu.clusters.sample.marking import COLLECTION, Standing, is_ours

SECONDS = 2.0
MOST_SHOWN = 100


@dataclass(frozen=True)
class CollectionSummary:
    """A collection: how many rows it has, and its fields. What could not be read in time is nothing."""

    name: str
    rows: int | None
    fields: Sequence[str]
    # Of its first field of vectors; the sparse have none.
    dimension: int | None


@dataclass(frozen=True)
class Contents:
    """The first collections of a cluster by name, how many there are, and how the sample stands."""

    collections: Sequence[CollectionSummary]
    total: int
    sample: Standing

    @property
    def more(self) -> int:
        """How many are not listed."""
        return self.total - len(self.collections)


def contents(*, cluster_id: UUID, account_id: UUID, now: datetime) -> Contents:
    """Look into a cluster.

    Raises:
        ClusterNotFound, NotAllowed: the account may not.
        ClusterNotRunning, ClusterAway: it cannot be looked into now.
    """
    with conversation(cluster_id=cluster_id, account_id=account_id, now=now, seconds=SECONDS) as cluster:
        return look_into(cluster)


def look_into(cluster: Conversation) -> Contents:
    """Look into the cluster that is spoken to; see `contents`."""
    try:
        listed = cluster.ask("ShowCollections", milvus_pb2.ShowCollectionsRequest())
    except Refused as refused:
        raise ClusterAway from refused
    names = sorted(listed.collection_names)
    standing = _standing(cluster, names)
    return Contents(list(_summaries(cluster, names[:MOST_SHOWN])), len(names), standing)


def _standing(cluster: Conversation, names: Sequence[str]) -> Standing:
    if COLLECTION not in names:
        return Standing.ABSENT
    try:
        described = _describe(cluster, COLLECTION)
    except Refused:
        # Dropped since it was listed.
        return Standing.ABSENT
    return Standing.LOADED if is_ours(described) else Standing.TAKEN


def _summaries(cluster: Conversation, names: Iterable[str]) -> Iterable[CollectionSummary]:
    for name in names:
        described, rows = None, None
        # One that is large, or was dropped since it was listed, keeps nobody from seeing the others.
        with suppress(ClusterAway, Refused):
            described = _describe(cluster, name)
            rows = _rows(cluster, name)
        fields = described.schema.fields if described else ()
        yield CollectionSummary(name, rows, tuple(field.name for field in fields), _dimension(fields))


def _describe(cluster: Conversation, name: str) -> Any:
    return cluster.ask("DescribeCollection", milvus_pb2.DescribeCollectionRequest(collection_name=name))


def _rows(cluster: Conversation, name: str) -> int | None:
    """Count the rows. A Milvus server knows at once only those that it has written to its files."""
    request = milvus_pb2.QueryRequest(
        collection_name=name,
        output_fields=["count(*)"],
        consistency_level=common_pb2.ConsistencyLevel.Eventually,
    )
    try:
        [counted] = cluster.ask("Query", request).fields_data
    except Refused:
        # It is not loaded.
        return _rows_in_files(cluster, name)
    return int(counted.scalars.long_data.data[0])


def _rows_in_files(cluster: Conversation, name: str) -> int | None:
    request = milvus_pb2.GetCollectionStatisticsRequest(collection_name=name)
    said = {pair.key: pair.value for pair in cluster.ask("GetCollectionStatistics", request).stats}
    return int(said["row_count"]) if said.get("row_count", "").isdecimal() else None


def _dimension(fields: Iterable[Any]) -> int | None:
    said = (pair.value for field in fields for pair in field.type_params if pair.key == "dim")
    return next((int(value) for value in said if value.isdecimal()), None)
