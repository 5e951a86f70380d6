"""A story of one cluster; whoever comes next goes on with it, as the activity log tells what was ordered."""

from collections import Counter
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from uuid import UUID

NAME = "Birds"
# In this order; a failure is no order, but comes in its place.
EVENTS = ("created", "suspended", "resumed", "failed", "resumed", "deleted")
SECOND = timedelta(seconds=1)
LONGEST = 200


def live_with_a_cluster(moment: datetime) -> None:
    """Run a cluster with an engine at the edge, through everything that can happen to it."""
    from django.conf import settings

    from adieu.clusters.models import Cluster, State
    from adieu.clusters.runner import Runner
    from tests.support.fake_engine import FakeEngines, Inline

    engines = FakeEngines()
    folder = Path(settings.CLUSTERS_FOLDER)
    runner = Runner(engines={"milvus-lite": engines}, folder=folder, hands=Inline(), starting_at_once=1)
    for seconds in count():
        assert seconds < LONGEST, seen()
        now = moment + seconds * SECOND
        cluster = Cluster.objects.first()
        if len(seen_events()) == len(EVENTS) and cluster is None:
            return
        if cluster and cluster.state == State.RUNNING and due() == "failed":
            for engine in engines.made:
                engine.crash()
        elif not (cluster and cluster.state in {State.CREATING, State.SUSPENDING, State.RESUMING}):
            order(due(), cluster.id if cluster else None, now)
        runner.look(now=now)


def due() -> str:
    """Give what comes next."""
    given = Counter(seen_events())
    for event in EVENTS:
        if not given[event]:
            return event
        given[event] -= 1
    return ""


def order(event: str, cluster_id: UUID | None, now: datetime) -> None:
    """Order what is due."""
    from adieu.clusters import operations
    from adieu.tenancy.models import Project
    from tests.crash.life import people

    bob = people()["bob"]
    if event == "created":
        project = Project.objects.get(organization__name="Office", is_default=True)
        operations.create(project_id=project.id, account_id=bob, name=NAME, now=now)
    elif cluster_id and event == "suspended":
        operations.suspend(cluster_id=cluster_id, account_id=bob, now=now)
    elif cluster_id and event == "resumed":
        operations.resume(cluster_id=cluster_id, account_id=bob, now=now)
    elif cluster_id and event == "deleted":
        operations.delete(cluster_id=cluster_id, account_id=bob, typed_name=NAME, now=now)


def seen_events() -> list[str]:
    """Give what the activity log says."""
    from adieu.activities.models import Activity

    kinds = Activity.objects.filter(subject_kind="cluster").values_list("kind", flat=True)
    return [kind.removeprefix("cluster.") for kind in kinds]


def seen() -> dict[str, object]:
    """Say what there is of clusters: in the log, in the table, on disk."""
    from django.conf import settings

    from adieu.clusters.models import Cluster

    folder = Path(settings.CLUSTERS_FOLDER)
    return {
        "events": sorted(seen_events()),
        "rows": [str(state) for state in Cluster.objects.values_list("state", flat=True)],
        "folders": sorted(path.name for path in folder.glob("*")),
    }
