"""A cluster on milvus-lite, for whoever keeps clusters running."""

import sys
from collections.abc import Sequence

from adieu.clusters.engines import Place
from adieu.clusters.engines.process.running import ClusterProcess

COMMAND = (sys.executable, "-m", "adieu.clusters.engines.milvus_lite")


class MilvusLite(ClusterProcess):
    """One cluster's process, with its data in its folder."""

    def __init__(self, place: Place, *, command: Sequence[str] = COMMAND) -> None:
        super().__init__(place, command=command)
