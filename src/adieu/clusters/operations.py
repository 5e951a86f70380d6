"""Creating, suspending, resuming and deleting: what people order and the runner does (Rules K2, K3, K4).

Note [Orders]
An operation writes what is wanted into the cluster's row and returns. The runner sees the row and brings the
engine there, and writes that it has (`progress`), each time only if the row still says what it saw. So an
order that comes while an earlier one is being carried out is never lost, whoever dies when.
"""

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from adieu.accounts.erasing import hold_account
from adieu.activities.kinds import Kind
from adieu.clusters import ports
from adieu.clusters.models import Cluster, EngineKind, State
from adieu.clusters.queries import ClusterNotFound, engines_offered
from adieu.clusters.recording import record_about
from adieu.core.names import NameNotAllowed, clean_name
from adieu.kit.errors import Fact
from adieu.kit.transactions import transaction, transaction_required
from adieu.tenancy import ownership
from adieu.tenancy.ownership import AccountNotFound
from adieu.tenancy.permissions import Permission, ProjectNotFound

LONGEST_NAME = 32


class ClusterNameNotAllowed(NameNotAllowed):
    """A cluster's name has 1 to 32 characters and no control or invisible characters."""


class ClusterNameTaken(Fact):
    """This project has a cluster of that name already."""


class TooManyClusters(Fact):
    """This project has as many clusters as it may have. Delete one first."""


class NoPortFree(Fact):
    """This console runs as many clusters as it has ports for. Delete one, or ask whoever runs it for more."""


class EngineNotOffered(Fact):
    """No Milvus server is registered with this console, so a cluster cannot be made on one."""


class WrongState(Fact):
    """The cluster is doing something else at the moment. Look at it again."""


class ClusterNameDoesNotMatch(Fact):
    """The name you typed is not the name of the cluster."""


@transaction
def create(
    *,
    project_id: UUID,
    account_id: UUID,
    name: str,
    engine: EngineKind = EngineKind.MILVUS_LITE,
    now: datetime,
) -> UUID:
    """Order a cluster in a project, whose row is locked meanwhile (Rule O5).

    Args:
        project_id: Where.
        account_id: Who asks.
        name: 1 to 32 visible characters, once in a project.
        engine: Which database.
        now: The present.

    Returns:
        The cluster's id.

    Raises:
        ProjectNotFound, NotAllowed, AccountNotFound: the account may not.
        ClusterNameNotAllowed, ClusterNameTaken: the name is not fit, or is in use.
        EngineNotOffered: there is no such database here.
        TooManyClusters, NoPortFree: a limit is reached.
    """
    return order(project_id=project_id, account_id=account_id, name=name, engine=engine, now=now)


@transaction_required
def order(
    *,
    project_id: UUID,
    account_id: UUID,
    name: str,
    engine: EngineKind = EngineKind.MILVUS_LITE,
    now: datetime,
) -> UUID:
    """Order a cluster within the caller's transaction; see `create`."""
    _lock_project(project_id, account_id)
    cleaned = clean_cluster_name(name)
    if engine not in engines_offered():
        raise EngineNotOffered
    _require_room(project_id, cleaned)
    cluster = Cluster(
        project_id=project_id, creator_id=account_id, name=cleaned, engine=engine, created_at=now
    )
    _save_with_port(cluster)
    record_about(cluster, kind=Kind.CLUSTER_CREATED, actor_id=account_id, now=now)
    return cluster.id


@transaction
def suspend(*, cluster_id: UUID, account_id: UUID, now: datetime) -> None:
    """Order a cluster that runs to stop; its data stays.

    Raises:
        ClusterNotFound, NotAllowed: the account may not.
        WrongState: it does not run.
    """
    cluster = _lock(cluster_id, account_id)
    if cluster.state in {State.SUSPENDING, State.SUSPENDED}:
        return
    if cluster.state != State.RUNNING:
        raise WrongState
    Cluster.objects.filter(id=cluster.id).update(state=State.SUSPENDING)
    record_about(cluster, kind=Kind.CLUSTER_SUSPENDED, actor_id=account_id, now=now)


@transaction
def resume(*, cluster_id: UUID, account_id: UUID, now: datetime) -> None:
    """Order a cluster to run that was suspended, or that failed.

    Raises:
        ClusterNotFound, NotAllowed: the account may not.
        WrongState: it is being suspended or deleted.
    """
    cluster = _lock(cluster_id, account_id)
    if cluster.state in {State.CREATING, State.RESUMING, State.RUNNING}:
        return
    if cluster.state not in {State.SUSPENDED, State.FAILED}:
        raise WrongState
    Cluster.objects.filter(id=cluster.id).update(
        state=State.RESUMING if cluster.started_at else State.CREATING,
        suspended_at=None,
        failed_at=None,
        failure="",
        failure_reason="",
    )
    record_about(cluster, kind=Kind.CLUSTER_RESUMED, actor_id=account_id, now=now)


@transaction
def delete(*, cluster_id: UUID, account_id: UUID, typed_name: str, now: datetime) -> None:
    """Order the end of a cluster whose name was typed, in whatever state it is (Rules K2, K3).

    Raises:
        ClusterNotFound, NotAllowed: the account may not.
        ClusterNameDoesNotMatch: the typed name is another.
    """
    order_end(cluster_id=cluster_id, account_id=account_id, typed_name=typed_name, now=now)


@transaction_required
def order_end(*, cluster_id: UUID, account_id: UUID, typed_name: str, now: datetime) -> None:
    """Order the end of a cluster within the caller's transaction; see `delete`."""
    cluster = _lock(cluster_id, account_id)
    if typed_name.strip() != cluster.name:
        raise ClusterNameDoesNotMatch
    if cluster.state == State.DELETING:
        return
    _order_end(Cluster.objects.filter(id=cluster.id), now)
    record_about(cluster, kind=Kind.CLUSTER_DELETED, actor_id=account_id, now=now)


@transaction_required
def let_go(*, organization_id: UUID, now: datetime) -> None:
    """Order the end of all clusters of an organization that goes without being asked (Rule L2)."""
    here = Cluster.objects.filter(project__organization_id=organization_id).exclude(state=State.DELETING)
    _order_end(here, now)


def _order_end(clusters: QuerySet[Cluster], now: datetime) -> None:
    clusters.update(
        state=State.DELETING,
        deleting_since_at=now,
        suspended_at=None,
        failed_at=None,
        failure="",
        failure_reason="",
    )


def clean_cluster_name(name: str) -> str:
    """Give a name as it is kept.

    Raises:
        ClusterNameNotAllowed: it is empty, too long, or has characters that cannot be seen.
    """
    try:
        return clean_name(name, longest=LONGEST_NAME)
    except NameNotAllowed as refusal:
        raise ClusterNameNotAllowed from refusal


def _lock_project(project_id: UUID, account_id: UUID) -> None:
    # First: see Note [Locking owners].
    if not hold_account(account_id=account_id):
        raise AccountNotFound
    ownership.lock_project_for(
        permission=Permission.MANAGE_CLUSTERS, project_id=project_id, account_id=account_id
    )


def _require_room(project_id: UUID, name: str) -> None:
    here = Cluster.objects.filter(project_id=project_id).exclude(state=State.DELETING)
    if here.filter(name=name).exists():
        raise ClusterNameTaken
    if here.count() >= settings.ADIEU.clusters_per_project:
        raise TooManyClusters


def _save_with_port(cluster: Cluster) -> None:
    def save(port: int) -> None:
        cluster.port = port
        cluster.save(force_insert=True)

    if ports.hand_out(save, among=settings.ADIEU.cluster_ports) is None:
        raise NoPortFree


def _lock(cluster_id: UUID, account_id: UUID) -> Cluster:
    """Lock a cluster, and its project before it, for an account that may manage it."""
    project_id = Cluster.objects.filter(id=cluster_id).values_list("project_id", flat=True).first()
    if project_id is None:
        raise ClusterNotFound
    try:
        ownership.lock_project_for(
            permission=Permission.MANAGE_CLUSTERS, project_id=project_id, account_id=account_id
        )
    except ProjectNotFound as stranger:
        raise ClusterNotFound from stranger
    cluster = Cluster.objects.select_for_update().filter(id=cluster_id, project_id=project_id).first()
    if cluster is None:
        raise ClusterNotFound
    return cluster
