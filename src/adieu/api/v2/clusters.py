"""`/v2/clusters…` (Rules O1, O4, K1 to K4)."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router

from adieu.api.v2 import ids
from adieu.api.v2.caller import caller_of, who_and_where
from adieu.api.v2.envelope import answer
from adieu.api.v2.paging import Paging, page_of
from adieu.api.v2.projects import id_behind
from adieu.api.v2.refusals import SizeNotPositive, SizeNotThere
from adieu.api.v2.schemas import ClusterIn, ModifyIn, SizedClusterIn
from adieu.api.v2.showing import SIZE, cluster_as_json
from adieu.clusters import keyed, operations, queries
from adieu.clusters.queries import ClusterNotFound, ClusterSummary
from adieu.tenancy import api_keys
from adieu.tenancy.permissions import NotAllowed

CREATING = (
    "The cluster is being created. Describe it until its status is RUNNING; then its password opens it."
)
SUSPENDING = "The cluster is being suspended. Its data stays."
RESUMING = "The cluster is being resumed. Describe it until its status is RUNNING."
AS_IT_IS = "The cluster has this size already."
DROPPING = "The cluster is being deleted with its data, for good. The key that was made with it is void."

router = Router()


@router.get("/clusters")
def show_all(request: HttpRequest, paging: Query[Paging]) -> dict[str, Any]:
    """List the clusters that the key's owner may see, the oldest first."""
    rows = queries.cluster_rows_within(**who_and_where(request)).order_by("created_at", "id")
    page, told = page_of(rows, paging)
    return answer({**told, "clusters": [cluster_as_json(each) for each in queries.summarized(page)]})


@router.post("/clusters/createFree")
def create_free(request: HttpRequest, body: ClusterIn) -> dict[str, Any]:
    """Order a cluster."""
    return _create(request, body)


@router.post("/clusters/createServerless")
def create_serverless(request: HttpRequest, body: ClusterIn) -> dict[str, Any]:
    """Order a cluster, the same as any."""
    return _create(request, body)


@router.post("/clusters/createDedicated")
def create_dedicated(request: HttpRequest, body: SizedClusterIn) -> dict[str, Any]:
    """Order a cluster, of the one size there is."""
    _refuse_other_sizes(body.cu_size)
    return _create(request, body)


@router.get("/clusters/{cluster_id}")
def show(request: HttpRequest, cluster_id: str) -> dict[str, Any]:
    """Show a cluster."""
    return answer(cluster_as_json(_cluster_behind(request, cluster_id)))


@router.post("/clusters/{cluster_id}/suspend")
def suspend(request: HttpRequest, cluster_id: str) -> dict[str, Any]:
    """Stop a cluster that runs; its data stays."""
    found = _cluster_behind(request, cluster_id)
    operations.suspend(cluster_id=found.id, account_id=caller_of(request).account_id, now=timezone.now())
    return answer({"clusterId": cluster_id, "prompt": SUSPENDING})


@router.post("/clusters/{cluster_id}/resume")
def resume(request: HttpRequest, cluster_id: str) -> dict[str, Any]:
    """Start a cluster that is suspended or has failed."""
    found = _cluster_behind(request, cluster_id)
    operations.resume(cluster_id=found.id, account_id=caller_of(request).account_id, now=timezone.now())
    return answer({"clusterId": cluster_id, "prompt": RESUMING})


@router.post("/clusters/{cluster_id}/modify")
def modify(request: HttpRequest, cluster_id: str, body: ModifyIn) -> dict[str, Any]:
    """Let a cluster have the size it has, for whoever may manage it; there is no other."""
    found = _cluster_behind(request, cluster_id)
    if not queries.may_manage(cluster_id=found.id, account_id=caller_of(request).account_id):
        raise NotAllowed
    _refuse_other_sizes(body.cu_size)
    return answer({"clusterId": cluster_id, "prompt": AS_IT_IS})


@router.api_operation(["DELETE", "POST"], "/clusters/{cluster_id}/drop")
def drop(request: HttpRequest, cluster_id: str) -> dict[str, Any]:
    """Delete a cluster for good, with its data.

    The operation wants the name, typed (Rule K2). These clients send none, so it gets the cluster's own:
    whoever calls has named the cluster by its id.
    """
    found = _cluster_behind(request, cluster_id)
    keyed.delete(
        cluster_id=found.id,
        account_id=caller_of(request).account_id,
        typed_name=found.name,
        now=timezone.now(),
    )
    return answer({"clusterId": cluster_id, "prompt": DROPPING})


def _create(request: HttpRequest, body: ClusterIn) -> dict[str, Any]:
    caller = caller_of(request)
    calling = api_keys.key_of(api_key_id=caller.key_id, account_id=caller.account_id)
    made = keyed.create(
        project_id=id_behind(request, body.project_id),
        account_id=caller.account_id,
        name=body.cluster_name,
        # A key that ends does not leave another one behind that does not.
        expires_at=calling.expires_at,
        now=timezone.now(),
    )
    cluster_id = ids.CLUSTER.write(made.cluster_id)
    username = "db_" + cluster_id.removeprefix(ids.CLUSTER.prefix)
    return answer(
        {"clusterId": cluster_id, "username": username, "password": made.secret, "prompt": CREATING}
    )


def _cluster_behind(request: HttpRequest, cluster_id: str) -> ClusterSummary:
    rows = queries.cluster_rows_within(**who_and_where(request))
    found = ids.find(cluster_id, ids.CLUSTER, among=rows, otherwise=ClusterNotFound)
    return queries.cluster(cluster_id=found, account_id=caller_of(request).account_id)


def _refuse_other_sizes(size: int | None) -> None:
    if size is not None and size < 1:
        raise SizeNotPositive
    if size != SIZE:
        raise SizeNotThere
