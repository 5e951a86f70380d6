"""What stands behind the door of a cluster: milvus-lite's own database, or the way to a Milvus server."""

from collections.abc import Callable
from typing import Protocol

import grpc

from adieu.clusters.engines import Place
from adieu.clusters.engines.process.endings import Ending


class Backend(Protocol):
    """Answers the calls that were let in."""

    def add_to(self, server: grpc.Server) -> None:
        """Put its methods into a server."""

    def close(self) -> None:
        """Write what is in memory, and let go of what it holds."""


# Opens what stands behind the door of a cluster, or raises UnableToServe. It is given how to end the process
# for a reason that comes later.
type OpenBackend = Callable[[Place, Callable[[Ending], None]], Backend]
