"""Clusters of tests on a Milvus server, a real one or not."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from adieu.clusters.engines.milvus_server.access import name_of
from adieu.clusters.engines.milvus_server.engine import MilvusServer
from adieu.clusters.engines.milvus_server.server import Server
from tests.support.clusters import Cluster, wait_until


class ServerCluster(Cluster):
    """One cluster on a Milvus server, and who may use it."""

    def __init__(self, folder: Path, server: Server) -> None:
        super().__init__(folder)
        command = [sys.executable, "-m", "tests.support.gateway_process", str(self.guests)]
        self.engine = MilvusServer(self.place, server=server, command=command)

    @property
    def name(self) -> str:
        """What it is called on the server."""
        return name_of(self.place.cluster_id)


@contextmanager
def running_on(server: Server, folder: Path) -> Iterator[ServerCluster]:
    """Run a cluster on a server."""
    cluster = ServerCluster(folder, server)
    cluster.start()
    try:
        yield cluster
    finally:
        cluster.end()


def wait_until_ended(cluster: ServerCluster) -> str:
    """Wait until whatever it started has ended, and give why."""
    wait_until(lambda: cluster.engine.why_ended() is not None)
    return cluster.engine.why_ended() or ""
