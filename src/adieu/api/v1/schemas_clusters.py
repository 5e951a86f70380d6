"""The shapes of `/api/v1/clusters…` and of the clusters of a project."""

from datetime import datetime
from uuid import UUID

from ninja import Schema

from adieu.api.v1.paging import PageOut
from adieu.api.v1.schemas_organizations import NameIn
from adieu.clusters.models import EngineKind, Failure, State


class ClusterIn(NameIn):
    """A new cluster: its name, and which database it is."""

    engine: EngineKind = EngineKind.MILVUS_LITE


class ClusterOut(Schema):
    """A cluster: its state, and where clients reach it."""

    id: UUID
    project_id: UUID
    organization_id: UUID
    name: str
    engine: EngineKind
    address: str
    state: State
    failure: Failure | None
    failure_reason: str
    created_at: datetime
    started_at: datetime | None
    suspended_at: datetime | None
    failed_at: datetime | None
    deleting_since_at: datetime | None
    memory_bytes: int | None
    disk_bytes: int | None
    trouble: str
    measured_at: datetime | None


class ClustersOut(PageOut):
    """The clusters of a project, or of an organization."""

    items: list[ClusterOut]


class CollectionOut(Schema):
    """A collection; what could not be read in time is null."""

    name: str
    rows: int | None
    dimension: int | None
    fields: list[str]


class CollectionsOut(Schema):
    """The first 100 collections of a cluster, by name, and how many there are."""

    items: list[CollectionOut]
    total: int
