"""What there is of clusters, for `adieu doctor`: rows, folders, who runs them. Each is named by its id."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from cryptography import x509
from django.conf import settings

from adieu.clusters.engines.process.running import GOING
from adieu.clusters.models import Cluster, EngineKind, State
from adieu.clusters.numbers import clusters_by_state
from adieu.ops import clusters

# Destroying a folder takes seconds.
LONG = timedelta(hours=1)
# Enough for whoever renews it by hand.
SOON = timedelta(days=14)


def lines() -> Iterator[str]:
    """Say how many clusters there are, and whether they are looked after."""
    counts = clusters_by_state()
    said = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    ports = len(list(settings.ADIEU.cluster_ports))
    yield f"Clusters: {said or 'none'}; {sum(counts.values())} of {ports} ports in use"
    yield "A process runs the clusters" if clusters.are_run() else "No process runs the clusters now"


def findings(*, now: datetime) -> Iterator[str]:
    """Name the clusters that somebody has to look at, and folders that are left over."""
    for failed in Cluster.objects.filter(state=State.FAILED).order_by("failed_at", "id"):
        yield f"the cluster {failed.id} has failed ({_why(failed)}); its page has “Try again”"
    for troubled in Cluster.objects.filter(state=State.RUNNING).exclude(trouble="").order_by("id"):
        yield f"the cluster {troubled.id} runs, and yet: {troubled.trouble}"
    yield from _without_server()
    yield from _certificate(now)
    slow = Cluster.objects.filter(state=State.DELETING, deleting_since_at__lt=now - LONG)
    for going in slow.order_by("deleting_since_at", "id"):
        why = f" ({_why(going)})" if going.failure else ""
        yield f"the cluster {going.id} has been being deleted for longer than an hour{why}; the log says more"
    folder = Path(settings.CLUSTERS_FOLDER)
    # On another machine than the one that runs the clusters there is none.
    if folder.is_dir():
        yield from _missing(folder)
        yield from _left_over(folder)


def _why(cluster: Cluster) -> str:
    return cluster.failure_reason or cluster.failure


def _without_server() -> Iterator[str]:
    count = Cluster.objects.filter(engine=EngineKind.MILVUS_SERVER).count()
    if count and settings.ADIEU.milvus_uri is None:
        yield f"clusters on a Milvus server: {count}, and ADIEU_MILVUS_URI names none"


def _certificate(now: datetime) -> Iterator[str]:
    file = settings.ADIEU.cluster_certificate
    if file is None:
        return
    # The first one is ours; the others vouch for it.
    ends_at = x509.load_pem_x509_certificates(file.read_bytes())[0].not_valid_after_utc
    if ends_at <= now:
        yield f"ADIEU_CLUSTER_CERTIFICATE ran out on {ends_at:%Y-%m-%d}: no client connects to a cluster"
    elif ends_at <= now + SOON:
        yield f"ADIEU_CLUSTER_CERTIFICATE runs out on {ends_at:%Y-%m-%d}; no client connects after that"


def _missing(folder: Path) -> Iterator[str]:
    has_data = Cluster.objects.filter(started_at__isnull=False).exclude(state=State.DELETING)
    for row in has_data.order_by("created_at", "id"):
        # It may have been deleted since the list was read.
        if not (folder / str(row.id)).is_dir() and has_data.filter(id=row.id).exists():
            yield f"the data folder of the cluster {row.id} is missing"


def _left_over(folder: Path) -> Iterator[str]:
    others = 0
    for path in sorted(folder.iterdir()):
        cluster_id = _id_of(path)
        if cluster_id is None:
            others += 1
        elif not Cluster.objects.filter(id=cluster_id).exists() and path.exists():
            yield f"the folder clusters/{path.name} belongs to no cluster"
    if others:
        yield f"{others} of what is in the folder clusters belongs to no cluster"


def _id_of(path: Path) -> UUID | None:
    # Whatever else somebody has put there is not named: it may be called after a person.
    try:
        return UUID(path.name.removesuffix(GOING))
    except ValueError:
        return None
