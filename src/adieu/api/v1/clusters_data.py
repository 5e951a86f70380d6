"""`/api/v1/clusters/{id}/collections` and `/sample`: what is in a cluster, seen from here (Rule K1)."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Status

from adieu.api.v1.schemas import Problem
from adieu.api.v1.schemas_clusters import CollectionsOut
from adieu.api.v1.schemas_organizations import CONFLICTING
from adieu.clusters import data
from adieu.clusters.sample import loading
from adieu.kit.who import account_id_of

router = Router(tags=["clusters"])
REFUSED = {**CONFLICTING, 503: Problem}


@router.get("/{cluster_id}/collections", response={200: CollectionsOut, **REFUSED})
def show_collections(request: HttpRequest, cluster_id: UUID) -> dict[str, Any]:
    """List the first 100 collections of a cluster that runs, by name."""
    found = data.contents(cluster_id=cluster_id, account_id=account_id_of(request), now=timezone.now())
    return {"items": found.collections, "total": found.total}


@router.put("/{cluster_id}/sample", response={204: None, **REFUSED})
def load_sample(request: HttpRequest, cluster_id: UUID) -> Status[None]:
    """Put the sample, the collection `sample_foods`, into a cluster that runs; again adds nothing."""
    loading.load(cluster_id=cluster_id, account_id=account_id_of(request), now=timezone.now())
    return Status(204, None)


@router.delete("/{cluster_id}/sample", response={204: None, **REFUSED})
def remove_sample(request: HttpRequest, cluster_id: UUID) -> Status[None]:
    """Take the sample out of a cluster; where it is not, nothing is done."""
    loading.remove(cluster_id=cluster_id, account_id=account_id_of(request), now=timezone.now())
    return Status(204, None)
