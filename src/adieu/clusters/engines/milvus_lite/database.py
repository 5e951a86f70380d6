"""milvus-lite as a service: in order, and with care for what was acknowledged.

Note [One writer]
milvus-lite reads side by side but has no lock for writes, nor for opening a collection: two that open the
same one at once write the same log twice. So calls that change something take turns, and so does opening.

Note [A disk that fails]
After a write that failed, milvus-lite goes on with a log that is torn in the middle, or with rows that are
in no table any more, and its next flush removes the log that had them. What was acknowledged stands in the
files all the same, as long as nothing more is written. So the first error of the disk ends the process, at
once and without a flush; the next one reads the log.

Note [Loaded again]
milvus-lite forgets at its end which collections were loaded, and then refuses to search them. Milvus
remembers. So a collection that has indexes is loaded when it is opened first.
"""

import threading
from collections.abc import Callable
from functools import wraps
from typing import Any

import grpc
import milvus_lite.db
from milvus_lite.adapter.grpc.servicer import MilvusServicer
from milvus_lite.engine.collection import Collection
from pymilvus.grpc_gen import milvus_pb2_grpc

WRITING = (
    *("Insert", "Upsert", "Delete", "Flush", "TruncateCollection", "ManualCompaction"),
    *("CreateCollection", "DropCollection", "RenameCollection", "AlterCollection"),
    *("LoadCollection", "ReleaseCollection", "LoadPartitions", "ReleasePartitions"),
    *("CreateIndex", "DropIndex", "CreatePartition", "DropPartition"),
    *("CreateAlias", "AlterAlias", "DropAlias", "CreateDatabase", "DropDatabase", "AlterDatabase"),
)
ENDING = "This cluster starts again. Try again in a moment."


class CarefulCollection(Collection):
    """A collection that tells when the disk fails, and that is loaded as soon as it is open."""

    on_disk_failure: Callable[[OSError], None]

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.load()

    def _apply(self, op: Any) -> None:
        self._carefully(super()._apply, op)

    def _trigger_flush(self) -> None:
        self._carefully(super()._trigger_flush)

    def _carefully(self, write: Callable[..., None], *args: Any) -> None:
        try:
            write(*args)
        except OSError as error:
            type(self).on_disk_failure(error)
            raise


class OneAtATime(milvus_lite.db.MilvusLite):
    """The files of a cluster; whoever opens, makes or moves a collection takes turns."""

    def __init__(self, folder: str) -> None:
        self._opening = threading.RLock()
        super().__init__(folder)

    def get_collection(self, *args: Any, **more: Any) -> Any:
        with self._opening:
            return super().get_collection(*args, **more)

    def create_collection(self, *args: Any, **more: Any) -> Any:
        with self._opening:
            return super().create_collection(*args, **more)

    def drop_collection(self, *args: Any, **more: Any) -> None:
        with self._opening:
            super().drop_collection(*args, **more)

    def rename_collection(self, *args: Any, **more: Any) -> None:
        with self._opening:
            super().rename_collection(*args, **more)


class Database(MilvusServicer):
    """Answers the calls; what changes something waits for its turn."""

    def __init__(self, folder: str, *, on_disk_failure: Callable[[OSError], None]) -> None:
        self._failure, self._writing = on_disk_failure, threading.Lock()
        self._is_broken = False
        CarefulCollection.on_disk_failure = self._break
        milvus_lite.db.Collection = CarefulCollection
        self.files = OneAtATime(folder)
        super().__init__(self.files)

    def add_to(self, server: grpc.Server) -> None:
        """Put its methods into a server."""
        milvus_pb2_grpc.add_MilvusServiceServicer_to_server(self, server)

    def close(self) -> None:
        """Write what is in memory, unless the disk failed."""
        with self._writing:
            if not self._is_broken:
                self.files.close()
                self._is_broken = True

    def _break(self, error: OSError) -> None:
        self._is_broken = True
        self._failure(error)


def _in_turn(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def take_turn(self: Database, request: Any, context: Any) -> Any:
        with self._writing:
            # Who was cut off while waiting writes nothing any more.
            if self._is_broken or not context.is_active():
                context.abort(grpc.StatusCode.UNAVAILABLE, ENDING)
            return method(self, request, context)

    return take_turn


for _name in WRITING:
    setattr(Database, _name, _in_turn(getattr(MilvusServicer, _name)))
