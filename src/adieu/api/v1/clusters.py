"""`/api/v1/clusters…`, and the clusters of a project and of an organization (Rules O1, O4, K1 to K4)."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Status

from adieu.api.v1.paging import Paging, page_of
from adieu.api.v1.schemas_clusters import ClusterIn, ClusterOut, ClustersOut
from adieu.api.v1.schemas_organizations import CONFLICTING, REFUSED, NameIn
from adieu.clusters import operations, queries
from adieu.clusters.queries import ClusterSummary
from adieu.kit.who import account_id_of

organization_router = Router(tags=["clusters"])
project_router = Router(tags=["clusters"])
router = Router(tags=["clusters"])


@organization_router.get("/{organization_id}/clusters", response={200: ClustersOut, **REFUSED})
def show_all_within(request: HttpRequest, organization_id: UUID, paging: Query[Paging]) -> dict[str, Any]:
    """List the clusters of all projects of an organization that you may see, by name."""
    return page_of(
        queries.cluster_rows_within(organization_id=organization_id, account_id=account_id_of(request)),
        of=f"clusters within {organization_id}",
        by=("name", "id"),
        paging=paging,
        show=queries.summarized,
    )


@project_router.get("/{project_id}/clusters", response={200: ClustersOut, **REFUSED})
def show_all(request: HttpRequest, project_id: UUID, paging: Query[Paging]) -> dict[str, Any]:
    """List the clusters of a project, by name."""
    return page_of(
        queries.cluster_rows(project_id=project_id, account_id=account_id_of(request)),
        of=f"clusters {project_id}",
        by=("name", "id"),
        paging=paging,
        show=queries.summarized,
    )


@project_router.post("/{project_id}/clusters", response={201: ClusterOut, **CONFLICTING})
def create(request: HttpRequest, project_id: UUID, body: ClusterIn) -> Status[object]:
    """Order a cluster. Ask for it again until its state is `running`."""
    cluster_id = operations.create(
        project_id=project_id,
        account_id=account_id_of(request),
        name=body.name,
        engine=body.engine,
        now=timezone.now(),
    )
    return Status(201, _cluster(request, cluster_id))


@router.get("/{cluster_id}", response={200: ClusterOut, **REFUSED})
def show(request: HttpRequest, cluster_id: UUID) -> ClusterSummary:
    """Show a cluster."""
    return _cluster(request, cluster_id)


@router.post("/{cluster_id}/suspend", response={202: ClusterOut, **CONFLICTING})
def suspend(request: HttpRequest, cluster_id: UUID) -> Status[object]:
    """Stop a cluster that runs; its data stays."""
    operations.suspend(cluster_id=cluster_id, account_id=account_id_of(request), now=timezone.now())
    return Status(202, _cluster(request, cluster_id))


@router.post("/{cluster_id}/resume", response={202: ClusterOut, **CONFLICTING})
def resume(request: HttpRequest, cluster_id: UUID) -> Status[object]:
    """Start a cluster that is suspended or has failed."""
    operations.resume(cluster_id=cluster_id, account_id=account_id_of(request), now=timezone.now())
    return Status(202, _cluster(request, cluster_id))


@router.delete("/{cluster_id}", response={202: None, **CONFLICTING})
def delete(request: HttpRequest, cluster_id: UUID, body: NameIn) -> Status[None]:
    """Delete a cluster for good, with its data; `name` is its name, typed. Once it is gone, it is 404."""
    operations.delete(
        cluster_id=cluster_id, account_id=account_id_of(request), typed_name=body.name, now=timezone.now()
    )
    return Status(202, None)


def _cluster(request: HttpRequest, cluster_id: UUID) -> ClusterSummary:
    return queries.cluster(cluster_id=cluster_id, account_id=account_id_of(request))
