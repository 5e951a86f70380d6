"""Projects and clusters in Zilliz Cloud's words.

Whichever kind was asked for, a cluster is a database of its own that can be suspended, which is what Zilliz
Cloud calls dedicated. So the plan, the kind and the size are always the same.
"""

from datetime import UTC, datetime

from adieu.api.v2 import ids
from adieu.api.v2.clouds import REGION
from adieu.clusters.queries import ClusterSummary
from adieu.tenancy.queries import ProjectSummary

PLAN = "Standard"
KIND = "Performance-optimized"
SIZE = 1
DONE = 100


def project_as_json(project: ProjectSummary, *, cluster_count: int) -> dict[str, object]:
    """Show a project."""
    return {
        "projectId": ids.PROJECT.write(project.id),
        "projectName": project.name,
        "instanceCount": cluster_count,
        "createTime": _time(project.created_at),
        "plan": PLAN,
    }


def cluster_as_json(cluster: ClusterSummary) -> dict[str, object]:
    """Show a cluster."""
    return {
        "clusterId": ids.CLUSTER.write(cluster.id),
        "clusterName": cluster.name,
        "projectId": ids.PROJECT.write(cluster.project_id),
        "description": "",
        "regionId": REGION,
        "plan": PLAN,
        "cuType": KIND,
        "cuSize": SIZE,
        "status": cluster.state.value.upper(),
        "connectAddress": cluster.address,
        "privateLinkAddress": "",
        "storageSize": cluster.disk_bytes or 0,
        "snapshotNumber": 0,
        "createProgress": DONE if cluster.started_at else 0,
        "createTime": _time(cluster.created_at),
    }


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
