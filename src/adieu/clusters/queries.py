"""Reading clusters, and telling who may use one."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from adieu.accounts import terms
from adieu.accounts.locking import is_locked
from adieu.clusters import passes
from adieu.clusters.doors import Caller, DoorShut
from adieu.clusters.models import Cluster, EngineKind, Failure, State
from adieu.core.passes import is_like_a_pass
from adieu.kit.errors import Fact
from adieu.tenancy import api_keys, queries
from adieu.tenancy.permissions import NotAllowed, Permission, ProjectNotFound, require_in_project
from adieu.tenancy.reach import confined_to

UNDER_WAY = frozenset({State.CREATING, State.SUSPENDING, State.RESUMING, State.DELETING})
# What was measured of the others before says nothing of now.
HAS_MEMORY = frozenset({State.RUNNING, State.SUSPENDING})
NO_KEY = "Give an API key as the token. You make one on the cluster's page."
NOT_A_KEY = "This API key was never made, was revoked, or has run out."
NOT_YOURS = "The owner of this API key may not use this cluster."
ENDED = "This pass is not for this cluster, or has run out."
NOT_LET_IN = "This account may not use this cluster."
TERMS_CHANGED = "The terms have changed. Sign in and agree to them; then this API key works again."


class ClusterNotFound(Fact):
    """There is no such cluster."""


@dataclass(frozen=True)
class ClusterSummary:
    """A cluster as somebody sees it who may use it."""

    id: UUID
    project_id: UUID
    project_name: str
    organization_id: UUID
    name: str
    engine: EngineKind
    address: str
    state: State
    failure: Failure | None
    failure_reason: str
    creator_id: UUID | None
    created_at: datetime
    started_at: datetime | None
    suspended_at: datetime | None
    failed_at: datetime | None
    deleting_since_at: datetime | None
    memory_bytes: int | None
    disk_bytes: int | None
    trouble: str
    measured_at: datetime | None

    @property
    def is_under_way(self) -> bool:
        """Whether it is on its way to another state by itself."""
        return self.state in UNDER_WAY


def engines_offered() -> list[EngineKind]:
    """Name the kinds of database that a new cluster can be, the usual one first."""
    return [kind for kind in EngineKind if kind is EngineKind.MILVUS_LITE or settings.ADIEU.has_milvus_server]


def cluster_rows(*, project_id: UUID, account_id: UUID) -> QuerySet[Cluster]:
    """Give the clusters of a project as rows to page through; see `summarized`.

    Raises:
        ProjectNotFound, NotAllowed: the account may not see them.
    """
    require_in_project(permission=Permission.USE_CLUSTERS, project_id=project_id, account_id=account_id)
    return Cluster.objects.filter(project_id=project_id).select_related("project")


def clusters_of(*, project_id: UUID, account_id: UUID) -> list[ClusterSummary]:
    """List the clusters of a project by name.

    Raises:
        ProjectNotFound, NotAllowed: the account may not see them.
    """
    return summarized(cluster_rows(project_id=project_id, account_id=account_id).order_by("name", "id"))


def cluster_rows_within(*, organization_id: UUID, account_id: UUID) -> QuerySet[Cluster]:
    """Give the clusters of all projects of an organization that the account may see, as rows to page through.

    Raises:
        OrganizationNotFound: the account does not belong to it.
    """
    projects = queries.project_rows(organization_id=organization_id, account_id=account_id)
    return Cluster.objects.filter(project_id__in=projects.order_by().values("id")).select_related("project")


def clusters_within(*, organization_id: UUID, account_id: UUID) -> list[ClusterSummary]:
    """List the clusters of all projects of an organization that the account may see, by project and name.

    Raises:
        OrganizationNotFound: the account does not belong to it.
    """
    rows = cluster_rows_within(organization_id=organization_id, account_id=account_id)
    return summarized(rows.order_by("project__name", "name", "id"))


def counts_within(*, organization_id: UUID, account_id: UUID) -> Counter[UUID]:
    """Count the clusters of each project that the account may see, without those that are being deleted.

    Raises:
        OrganizationNotFound: the account does not belong to it.
    """
    rows = cluster_rows_within(organization_id=organization_id, account_id=account_id)
    return Counter(rows.exclude(state=State.DELETING).values_list("project_id", flat=True))


def cluster(*, cluster_id: UUID, account_id: UUID) -> ClusterSummary:
    """Show one cluster to somebody who may use it.

    Raises:
        ClusterNotFound, NotAllowed: the account may not.
    """
    row = Cluster.objects.select_related("project").filter(id=cluster_id).first()
    if row is None or row.project_id is None:
        raise ClusterNotFound
    try:
        require_in_project(
            permission=Permission.USE_CLUSTERS, project_id=row.project_id, account_id=account_id
        )
    except ProjectNotFound as stranger:
        raise ClusterNotFound from stranger
    return _summary(row)


def may_manage(*, cluster_id: UUID, account_id: UUID) -> bool:
    """Tell whether somebody who may use a cluster may also suspend, resume and delete it.

    Raises:
        ClusterNotFound, NotAllowed: the account may not even use it.
    """
    found = cluster(cluster_id=cluster_id, account_id=account_id)
    try:
        require_in_project(
            permission=Permission.MANAGE_CLUSTERS, project_id=found.project_id, account_id=account_id
        )
    except NotAllowed:
        return False
    return True


def summarized(rows: Iterable[Cluster]) -> list[ClusterSummary]:
    """Tell what is seen of clusters, in the order of the rows."""
    return [_summary(row) for row in rows]


def address_of(cluster_id: UUID, port: int) -> str:
    """Give the address at which clients reach a cluster."""
    told = settings.ADIEU
    at = f"[{told.cluster_bind}]" if ":" in told.cluster_bind else told.cluster_bind
    host = f"{cluster_id}.{told.cluster_domain}" if told.cluster_domain else at
    return f"{'https' if told.cluster_certificate else 'http'}://{host}:{port}"


def who_may_use(cluster_id: UUID, token: str, *, now: datetime) -> Caller:
    """Give the caller behind an API key, or a pass of the console, that opens a cluster (Rules K1, D7).

    Args:
        cluster_id: Which one.
        token: What the client gave, perhaps nothing. A key may follow a user name and a colon, as where it
            was given as a password; the name says nothing that the key does not.
        now: The present.

    Raises:
        DoorShut: it opens nothing, or its owner may not use the cluster; says which.
    """
    if not token:
        raise DoorShut(NO_KEY)
    if is_like_a_pass(token):
        return _who_has_pass(cluster_id, token, now)
    holder = api_keys.authenticate(secret=token.rpartition(":")[2], now=now)
    if holder is None:
        raise DoorShut(NOT_A_KEY)
    with confined_to(holder.organization_id):
        _refuse_strangers(cluster_id, holder.account_id, NOT_YOURS)
    return Caller(account_id=holder.account_id, key_id=holder.key_id)


def _who_has_pass(cluster_id: UUID, token: str, now: datetime) -> Caller:
    account_id = passes.account_behind(token, cluster_id=cluster_id, now=now)
    if account_id is None:
        raise DoorShut(ENDED)
    # An API key of a locked account is none; a pass knows nothing of that (Rule L1).
    if is_locked(account_id=account_id):
        raise DoorShut(NOT_LET_IN)
    _refuse_strangers(cluster_id, account_id, NOT_LET_IN)
    return Caller(account_id=account_id)


def _refuse_strangers(cluster_id: UUID, account_id: UUID, reason: str) -> None:
    try:
        cluster(cluster_id=cluster_id, account_id=account_id)
    except (ClusterNotFound, NotAllowed) as stranger:
        raise DoorShut(reason) from stranger
    if not terms.has_agreed(account_id=account_id):
        raise DoorShut(TERMS_CHANGED)


def _summary(row: Cluster) -> ClusterSummary:
    project = row.project
    if project is None:
        # Whose project is gone is nobody's to see.
        raise ClusterNotFound
    return ClusterSummary(
        id=row.id,
        project_id=project.id,
        project_name=project.name,
        organization_id=project.organization_id,
        name=row.name,
        engine=EngineKind(row.engine),
        address=address_of(row.id, row.port),
        state=State(row.state),
        failure=Failure(row.failure) if row.failure else None,
        failure_reason=row.failure_reason,
        creator_id=row.creator_id,
        created_at=row.created_at,
        started_at=row.started_at,
        suspended_at=row.suspended_at,
        failed_at=row.failed_at,
        deleting_since_at=row.deleting_since_at,
        memory_bytes=row.memory_bytes if row.state in HAS_MEMORY else None,
        disk_bytes=row.disk_bytes,
        trouble=row.trouble if row.state == State.RUNNING else "",
        measured_at=row.measured_at,
    )
