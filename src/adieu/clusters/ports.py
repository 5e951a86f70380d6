"""The ports of clusters: each has one to itself; the unique index decides between two that want the same."""

import socket
from collections.abc import Callable, Iterable

from django.conf import settings
from django.db import IntegrityError

from adieu.clusters.models import Cluster
from adieu.kit.transactions import savepoint


def hand_out(put: Callable[[int], object], *, among: Iterable[int]) -> int | None:
    """Put the first port that no cluster has into a row, and give it; nothing when none is left."""
    taken = set(Cluster.objects.values_list("port", flat=True))
    for port in among:
        if port in taken:
            continue
        try:
            # Of two that take the same port at once, the unique index lets one through.
            with savepoint():
                put(port)
        except IntegrityError:
            # Another refusal would come again and again; its words may quote the row, and so speak of a port.
            if not Cluster.objects.filter(port=port).exists():
                raise
        else:
            return port
    return None


def is_free(port: int) -> bool:
    """Tell whether nobody on this machine listens at a port."""
    host = settings.ADIEU.cluster_bind
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as found:
        # As the process does it: connections that ended a moment ago keep nobody out.
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            found.bind((host, port))
        except OSError:
            return False
    return True
