import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from adieu.tenancy.models import Project

# What blocks: whoever ordered a deletion is not held up by the files that are still being destroyed.
PROJECTS_WITH_CLUSTERS = (
    "SELECT project_id FROM clusters_cluster WHERE project_id IS NOT NULL AND state <> 'deleting'"
)


class State(models.TextChoices):
    """Where a cluster stands (Rule K4)."""

    CREATING = "creating"
    RUNNING = "running"
    SUSPENDING = "suspending"
    SUSPENDED = "suspended"
    RESUMING = "resuming"
    DELETING = "deleting"
    FAILED = "failed"


class EngineKind(models.TextChoices):
    MILVUS_LITE = "milvus-lite", "Milvus Lite"
    MILVUS_SERVER = "milvus-server", "Milvus server"


class Failure(models.TextChoices):
    """Why a cluster does not run."""

    ENDED = "ended", "It ended by itself again and again."
    TOO_SLOW = "too_slow", "It did not answer in time."
    DATA_MISSING = "data_missing", "Its data folder is not there."
    NO_PORT_FREE = "no_port_free", "Other programs use its port and all others that clusters may have."
    UNABLE_TO_START = "unable_to_start", "It could not be started."
    UNABLE_TO_STOP = "unable_to_stop", "It could not be stopped."
    UNABLE_TO_DESTROY = "unable_to_destroy", "Its files could not be destroyed yet. It is tried again."


HAS_RUN = ("running", "suspending", "suspended", "resuming")
# Whoever fails or goes may have run before, or not.
STARTED_ONCE_IT_RAN = (
    Q(state="creating", started_at__isnull=True)
    | Q(state__in=HAS_RUN, started_at__isnull=False)
    | Q(state__in=("failed", "deleting"))
)
FAILED_TELLS_WHY = (
    (Q(state="failed") & ~Q(failure=""))
    | Q(state="deleting")
    | Q(state__in=("creating", *HAS_RUN), failure="", failure_reason="")
)


def only_when(state: str, field: str) -> Q:
    """Tie a moment to a state: it is there in this state and in no other."""
    return Q(state=state, **{f"{field}__isnull": False}) | (~Q(state=state) & Q(**{f"{field}__isnull": True}))


class Cluster(models.Model):
    """One vector database of a project: what is wanted of it, and how far that is (Rule K4).

    Whoever deletes its project takes the project from it, which only a cluster that is being deleted may
    lack: so the database itself refuses that of any other (Rules O6, O7).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, on_delete=models.DB_SET_NULL, null=True, related_name="clusters")
    creator = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.DB_SET_NULL, null=True, related_name="+"
    )
    name = models.CharField(max_length=32)
    engine = models.CharField(max_length=16, choices=EngineKind.choices)
    port = models.PositiveIntegerField(unique=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.CREATING)
    failure = models.CharField(max_length=20, choices=Failure.choices, blank=True, default="")
    # What the engine said of it, in a sentence for the owner.
    failure_reason = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField()
    # When it answered for the first time.
    started_at = models.DateTimeField(null=True)
    suspended_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    deleting_since_at = models.DateTimeField(null=True)
    memory_bytes = models.PositiveBigIntegerField(null=True)
    # Nothing where it cannot be told of one cluster.
    disk_bytes = models.PositiveBigIntegerField(null=True)
    # What was wrong although it ran, when it was measured.
    trouble = models.CharField(max_length=200, blank=True, default="")
    measured_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project", "name"], condition=~Q(state="deleting"), name="cluster_name_unique"
            ),
            models.CheckConstraint(name="cluster_name_length", condition=Q(name__length__range=(1, 32))),
            models.CheckConstraint(name="cluster_state_known", condition=Q(state__in=State.values)),
            models.CheckConstraint(name="cluster_engine_known", condition=Q(engine__in=EngineKind.values)),
            models.CheckConstraint(
                name="cluster_failure_known", condition=Q(failure__in=["", *Failure.values])
            ),
            models.CheckConstraint(
                name="cluster_has_project", condition=Q(project__isnull=False) | Q(state="deleting")
            ),
            models.CheckConstraint(name="cluster_started_once_it_ran", condition=STARTED_ONCE_IT_RAN),
            models.CheckConstraint(
                name="cluster_suspended_tells_when", condition=only_when("suspended", "suspended_at")
            ),
            models.CheckConstraint(
                name="cluster_failed_tells_when", condition=only_when("failed", "failed_at")
            ),
            models.CheckConstraint(
                name="cluster_deleting_tells_when", condition=only_when("deleting", "deleting_since_at")
            ),
            models.CheckConstraint(name="cluster_failed_tells_why", condition=FAILED_TELLS_WHY),
            models.CheckConstraint(
                name="cluster_measured_whole",
                condition=Q(memory_bytes__isnull=True, disk_bytes__isnull=True, measured_at__isnull=True)
                | Q(memory_bytes__isnull=False, measured_at__isnull=False),
            ),
        ]
