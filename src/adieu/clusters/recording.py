"""What the activity log learns of clusters."""

from datetime import datetime
from uuid import UUID

from adieu.activities.kinds import Kind
from adieu.activities.operations import record
from adieu.clusters.models import Cluster


def record_about(cluster: Cluster, *, kind: Kind, actor_id: UUID | None, now: datetime) -> None:
    """Record what happened to a cluster in its organization, if it still has one."""
    if cluster.project is None:
        return
    record(
        organization_id=cluster.project.organization_id,
        kind=kind,
        actor_id=actor_id,
        subject_kind="cluster",
        subject_id=str(cluster.id),
        subject_name=cluster.name,
        now=now,
    )
