"""The pass with which a page or an endpoint of the console comes to a cluster, for whoever is signed in.

It opens one cluster, for one account, for seconds, and nobody sees it but the two processes. The door asks
about its account again and again, as it does for an API key (Note [Asked again and again]).
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings

from adieu.core import passes
from adieu.core.keys import derive_key

LASTS = timedelta(seconds=30)


def issue(*, account_id: UUID, cluster_id: UUID, now: datetime) -> str:
    """Make a pass, for an account that was seen to be allowed to use the cluster."""
    return passes.sign(passes.Pass(account_id, cluster_id, until=now + LASTS), key=_key())


def account_behind(token: str, *, cluster_id: UUID, now: datetime) -> UUID | None:
    """Tell whom a pass is for, or nothing when it is none, is for another cluster, or has run out."""
    try:
        found = passes.read(token, key=_key())
    except passes.NotAPass:
        return None
    is_good = found.cluster_id == cluster_id and now < found.until
    return found.account_id if is_good else None


def _key() -> bytes:
    return derive_key(settings.ROOT_KEY, "cluster-pass")
