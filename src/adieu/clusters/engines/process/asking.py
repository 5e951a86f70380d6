"""Asking the main database who may use a cluster, from the one thread that asks."""

from uuid import UUID

from django.db import InterfaceError, OperationalError, connections
from django.utils import timezone

from adieu.clusters.doors import Caller
from adieu.clusters.queries import who_may_use


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
            return who_may_use(self._cluster_id, token, now=timezone.now())
        except (OperationalError, InterfaceError):
            # The server may have ended a connection that was open for long; a new one tells.
            self.rest()
            return who_may_use(self._cluster_id, token, now=timezone.now())

    def rest(self) -> None:
        """Give the connection back while nobody uses the cluster."""
        connections.close_all()
