"""Loading the sample into a cluster and removing it, by one click each."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from adieu.clusters.facts import ClusterAway, ClusterNotRunning, SampleHasMore, SampleNameTaken
from adieu.clusters.sample import loading
from adieu.console.within import within_organization
from adieu.kit.who import account_id_of


@within_organization
@require_POST
def load(request: HttpRequest, cluster_id: UUID) -> HttpResponse:
    """Put the sample into a cluster."""
    return _do(request, cluster_id, loading.load)


@within_organization
@require_POST
def remove(request: HttpRequest, cluster_id: UUID) -> HttpResponse:
    """Take the sample out of a cluster."""
    return _do(request, cluster_id, loading.remove)


def _do(request: HttpRequest, cluster_id: UUID, operation: Any) -> HttpResponse:
    page = reverse("cluster", args=[cluster_id])
    try:
        operation(cluster_id=cluster_id, account_id=account_id_of(request), now=timezone.now())
    except (ClusterNotRunning, ClusterAway, SampleNameTaken, SampleHasMore) as refusal:
        messages.error(request, str(refusal))
        return redirect(page)
    return redirect(f"{page}#collections")
