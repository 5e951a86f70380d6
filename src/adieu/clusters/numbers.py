"""How clusters are doing, in numbers that say nothing of anybody."""

from collections.abc import Mapping

from django.db.models import Count

from adieu.clusters.models import Cluster, State


def clusters_by_state() -> Mapping[str, int]:
    """Count the clusters in each state, also of those that none is in."""
    found = dict(Cluster.objects.values_list("state").annotate(Count("id")))
    return {state.value: found.get(state.value, 0) for state in State}
