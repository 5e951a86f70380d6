"""Opening the files of a cluster, in the process that serves it."""

import logging
from collections.abc import Callable

from adieu.clusters.engines import Place
from adieu.clusters.engines.milvus_lite.confinement import call_nobody
from adieu.clusters.engines.milvus_lite.database import Database
from adieu.clusters.engines.process.endings import Ending, UnableToServe
from adieu.clusters.engines.process.inner import NAME
from adieu.kit import logs

DATA = "data"


def open_database(place: Place, end: Callable[[Ending], None]) -> Database:
    """Open what is in the folder of a cluster; from then on the process calls nobody.

    Raises:
        UnableToServe: the disk fails, or the files cannot be read.
    """
    call_nobody(but=place.folder / NAME)

    def disk_failed(error: OSError) -> None:
        logs.record("cluster.disk_failed", level=logging.ERROR, exception=error)
        end(Ending.DISK_FAILED)

    try:
        return Database(str(place.folder / DATA), on_disk_failure=disk_failed)
    except OSError as error:
        logs.record("cluster.disk_failed", level=logging.ERROR, exception=error)
        raise UnableToServe(Ending.DISK_FAILED) from None
    except Exception as error:  # noqa: BLE001 - whatever milvus-lite finds in its files
        logs.record("cluster.unreadable", level=logging.ERROR, exception=error)
        raise UnableToServe(Ending.DATA_UNREADABLE) from None
