"""A cluster and the API key that is made with it, for clients that are used to a password for each cluster.

The key is its owner's like any other, and opens what they may use. It is known by its name: the cluster's
name and the beginning of its id. It ends when its owner deletes the cluster in the same way, so that whoever
creates and deletes clusters all day does not run out of keys.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from adieu.clusters import operations, queries
from adieu.clusters.queries import ClusterSummary
from adieu.kit.transactions import transaction
from adieu.tenancy import api_keys

DIGITS = 15


@dataclass(frozen=True)
class Keyed:
    """A new cluster, and its key in the only moment in which it is known."""

    cluster_id: UUID
    secret: str


@transaction
def create(
    *, project_id: UUID, account_id: UUID, name: str, expires_at: datetime | None, now: datetime
) -> Keyed:
    """Order a cluster with an API key of whoever asks; both are made or neither.

    Args:
        project_id: Where.
        account_id: Who asks.
        name: 1 to 32 visible characters, once in a project.
        expires_at: When the key runs out, if ever.
        now: The present.

    Raises:
        ProjectNotFound, NotAllowed, AccountNotFound: the account may not.
        ClusterNameNotAllowed, ClusterNameTaken: the name is not fit, or is in use.
        TooManyClusters, NoPortFree, TooManyApiKeys: a limit is reached.
        ApiKeyNameTaken: the account has made a key of that name by hand.
        ExpiryNotAllowed: the key would have run out already.
    """
    cluster_id = operations.order(project_id=project_id, account_id=account_id, name=name, now=now)
    made = queries.cluster(cluster_id=cluster_id, account_id=account_id)
    key = api_keys.make(
        account_id=account_id,
        organization_id=made.organization_id,
        name=_key_name(made),
        expires_at=expires_at,
        now=now,
    )
    return Keyed(cluster_id, key.secret)


@transaction
def delete(*, cluster_id: UUID, account_id: UUID, typed_name: str, now: datetime) -> None:
    """Order the end of a cluster, and end the key that its deleter got with it.

    Raises:
        ClusterNotFound, NotAllowed: the account may not.
        ClusterNameDoesNotMatch: the typed name is another.
    """
    operations.order_end(cluster_id=cluster_id, account_id=account_id, typed_name=typed_name, now=now)
    gone = queries.cluster(cluster_id=cluster_id, account_id=account_id)
    api_keys.revoke_named(
        account_id=account_id, organization_id=gone.organization_id, name=_key_name(gone), now=now
    )


def _key_name(cluster: ClusterSummary) -> str:
    return f"{cluster.name} {cluster.id.hex[:DIGITS]}"
