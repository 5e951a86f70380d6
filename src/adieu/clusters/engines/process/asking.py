"""Asking the main database who may use a cluster, from the one thread that asks."""

from uuid import UUID

from django.db import InterfaceError, OperationalError, connection, connections
from django.utils import timezone

from adieu.clusters.doors import Caller
from adieu.clusters.queries import who_may_use

# All callers of a cluster wait for one answer. SQLite may be busy with a long write of somebody else's.
PATIENCE_MILLISECONDS = 100


class Asking:
    """The door of one cluster, as the main database sees it."""

    def __init__(self, cluster_id: UUID) -> None:
        self._cluster_id = cluster_id

    def who_may_use(self, token: str) -> Caller:
        """Tell who comes with a token.

        Raises:
            DoorShut: nobody who may use this cluster.
        """
        try:
            return self._ask(token)
        except (OperationalError, InterfaceError):
            # The server may have ended a connection that was open for long; a new one tells.
            self.rest()
            return self._ask(token)

    def rest(self) -> None:
        """Give the connection back while nobody uses the cluster."""
        connections.close_all()

    def _ask(self, token: str) -> Caller:
        if connection.vendor == "sqlite":
            with connection.cursor() as cursor:
                cursor.execute(f"PRAGMA busy_timeout = {PATIENCE_MILLISECONDS}")
        return who_may_use(self._cluster_id, token, now=timezone.now())
