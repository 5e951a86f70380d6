"""Opening the way to the server, in the process of a cluster's gateway."""

import logging
from collections.abc import Callable

from adieu.clusters.engines import Place
from adieu.clusters.engines.milvus_server import access
from adieu.clusters.engines.milvus_server.gateway import Gateway
from adieu.clusters.engines.milvus_server.server import open_channel
from adieu.clusters.engines.milvus_server.watching import EVERY, Watch
from adieu.clusters.engines.process.backends import OpenBackend
from adieu.clusters.engines.process.bounds import Bounds
from adieu.clusters.engines.process.endings import Ending, UnableToServe
from adieu.kit import logs


def opener(uri: str, bounds: Bounds, *, look_every: float = EVERY) -> OpenBackend:
    """Give what opens the way to one server."""

    def open_gateway(place: Place, _: Callable[[Ending], None]) -> Gateway:
        try:
            own = access.read(place.cluster_id, place.folder)
        except (OSError, ValueError) as error:
            logs.record("cluster.unreadable", level=logging.ERROR, exception=error)
            raise UnableToServe(Ending.DATA_UNREADABLE) from None
        # What a cluster takes from its clients it can give to the server, and the other way round.
        channel = open_channel(uri, most_sent=bounds.received_bytes, most_received=bounds.sent_bytes)
        watch = Watch(channel, own, place.folder, every=look_every)
        watch.begin()
        return Gateway(channel, own, on_close=watch.end)

    return open_gateway
