"""What the runner writes into a cluster's row: how far its order is (Note [Orders]).

Each is one conditional statement: an order that came meanwhile stays, and the runner's next look sees it.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db.models.functions import Coalesce

from adieu.activities.kinds import Kind
from adieu.clusters import ports
from adieu.clusters.engines import Measure
from adieu.clusters.models import Cluster, Failure, State
from adieu.clusters.recording import record_about
from adieu.kit.crashing import crash_point
from adieu.kit.transactions import transaction

LONGEST_REASON = 200


def mark_running(*, cluster_id: UUID, seen: State, now: datetime) -> None:
    """Say that a cluster answers."""
    Cluster.objects.filter(id=cluster_id, state=seen).update(
        state=State.RUNNING, started_at=Coalesce("started_at", now)
    )
    crash_point("cluster.marked.running")


def mark_suspended(*, cluster_id: UUID, now: datetime) -> None:
    """Say that a cluster has stopped, as it was told to."""
    Cluster.objects.filter(id=cluster_id, state=State.SUSPENDING).update(
        state=State.SUSPENDED, suspended_at=now, memory_bytes=None, disk_bytes=None, measured_at=None
    )
    crash_point("cluster.marked.suspended")


@transaction
def mark_failed(*, cluster_id: UUID, seen: State, failure: Failure, reason: str, now: datetime) -> None:
    """Say that a cluster does not run and is not tried any more until somebody says so."""
    is_marked = Cluster.objects.filter(id=cluster_id, state=seen).update(
        state=State.FAILED, failed_at=now, failure=failure, failure_reason=reason[:LONGEST_REASON]
    )
    if is_marked:
        cluster = Cluster.objects.select_related("project").get(id=cluster_id)
        record_about(cluster, kind=Kind.CLUSTER_FAILED, actor_id=None, now=now)
    crash_point("cluster.marked.failed")


@transaction
def move(*, cluster_id: UUID, seen: int, among: Iterable[int], now: datetime) -> int | None:
    """Give a cluster another port, and tell its organization; nothing when none is left."""
    mine = Cluster.objects.filter(id=cluster_id, port=seen)
    port = ports.hand_out(lambda port: mine.update(port=port), among=among)
    if port is None:
        return None
    cluster = Cluster.objects.select_related("project").filter(id=cluster_id, port=port).first()
    if cluster is not None:
        record_about(cluster, kind=Kind.CLUSTER_MOVED, actor_id=None, now=now)
    return port


def note_undestroyed(*, cluster_id: UUID, reason: str) -> None:
    """Say that a cluster's files could not be destroyed yet."""
    Cluster.objects.filter(id=cluster_id, state=State.DELETING).update(
        failure=Failure.UNABLE_TO_DESTROY, failure_reason=reason[:LONGEST_REASON]
    )


def forget(*, cluster_id: UUID) -> None:
    """Delete the row of a cluster of which nothing is left on disk (Rule K2)."""
    Cluster.objects.filter(id=cluster_id, state=State.DELETING).delete()
    crash_point("cluster.forgotten")


def note_measure(*, cluster_id: UUID, measure: Measure, now: datetime) -> None:
    """Say what a cluster takes."""
    Cluster.objects.filter(id=cluster_id, state=State.RUNNING).update(
        memory_bytes=measure.memory_bytes,
        disk_bytes=measure.disk_bytes,
        trouble=measure.trouble,
        measured_at=now,
    )
