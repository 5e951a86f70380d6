"""A cluster in the process of the test itself: real database, real door, and the test's own main database."""

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from typing import Any
from uuid import UUID

import grpc
from milvus_lite.schema.types import CollectionSchema, DataType, FieldSchema
from pymilvus.grpc_gen import milvus_pb2, milvus_pb2_grpc

from adieu.clusters.engines import Place
from adieu.clusters.engines.milvus_lite.database import Database
from adieu.clusters.engines.process.asking import Asking
from adieu.clusters.engines.process.bounds import Bounds
from adieu.clusters.engines.process.door import Door
from adieu.clusters.engines.process.listening import open_server
from adieu.clusters.engines.process.visits import Visits
from adieu.clusters.models import Cluster, State
from tests.support.clusters import free_port, metadata


class Countable(Database):
    """A database that can be kept from counting rows, as it is by a collection that is large."""

    def __init__(self, folder: Path) -> None:
        self.can_count = Event()
        self.can_count.set()
        super().__init__(str(folder), on_disk_failure=never)

    def Query(self, request: Any, context: Any) -> Any:  # noqa: N802 - gRPC's name
        """Count once it can be."""
        self.can_count.wait()
        return super().Query(request, context)


@dataclass(frozen=True)
class AtHand:
    """A cluster that answers, and what is in it."""

    cluster_id: UUID
    port: int
    database: Countable

    @property
    def names(self) -> list[str]:
        """Name the collections, past the door."""
        found: list[str] = sorted(self.database.files.list_collections())
        return found

    def rows(self, collection: str) -> int:
        """Count the rows of a collection, past the door."""
        return int(self.database.files.get_collection_stats(collection)["row_count"])

    def add(self, name: str) -> None:
        """Make a small collection, past the door."""
        fields = [
            FieldSchema(name="id", dtype=DataType.INT64, is_primary=True),
            FieldSchema(name="vector", dtype=DataType.FLOAT_VECTOR, dim=2),
        ]
        self.database.files.create_collection(name, CollectionSchema(fields=fields))

    @contextmanager
    def counting_nothing(self) -> Iterator[None]:
        """Let whoever asks for the number of rows wait."""
        self.database.can_count.clear()
        try:
            yield
        finally:
            self.database.can_count.set()

    def say(self, method: str, request: object, token: str) -> object:
        """Call a method with a token, as anybody could."""
        with grpc.insecure_channel(f"127.0.0.1:{self.port}") as channel:
            return getattr(milvus_pb2_grpc.MilvusServiceStub(channel), method)(
                request, metadata=metadata(token), timeout=20
            )

    @contextmanager
    def open_call(self, token: str) -> Iterator[Event]:
        """Hold a call open whose message never comes; the event tells that it was ended."""
        ended, over = Event(), Event()

        def never_sent() -> Iterator[Any]:
            over.wait()
            yield from ()

        with grpc.insecure_channel(f"127.0.0.1:{self.port}") as channel:
            insert = channel.stream_unary("/milvus.proto.milvus.MilvusService/Insert")
            call = insert.future(never_sent(), metadata=metadata(token), timeout=20)
            # A call that came later is answered, so the first one is inside.
            self.say("GetVersion", milvus_pb2.GetVersionRequest(), token)
            call.add_done_callback(lambda _: ended.set())
            assert not ended.is_set()
            try:
                yield ended
            finally:
                over.set()

    def refusal(self, token: str) -> str:
        """Try to drop the sample, and give what is said; if that is nothing, it was dropped."""
        request = milvus_pb2.DropCollectionRequest(collection_name="sample_foods")
        try:
            self.say("DropCollection", request, token)
        except grpc.RpcError as error:
            return str(error.details())
        return ""


def never(error: OSError) -> None:
    """The disk of a test does not fail."""
    raise error


@contextmanager
def answering(database: Countable, cluster_id: UUID) -> Iterator[AtHand]:
    """Let a cluster, of which there is a row only, run as this database, which is emptied first."""
    for name in database.files.list_collections():
        database.files.drop_collection(name)
    port = free_port()
    Cluster.objects.filter(id=cluster_id).update(
        state=State.RUNNING, started_at="2030-01-01T00:00Z", port=port
    )
    asking = Asking(cluster_id)
    visits = Visits(asking.who_may_use, rest=asking.rest)
    with TemporaryDirectory() as folder:
        place = Place(cluster_id, Path(folder), port)
        server = open_server(database, Door(visits), place=place, bounds=Bounds())
        server.start()
        Thread(target=visits.watch, daemon=True).start()
        try:
            yield AtHand(cluster_id, port, database)
        finally:
            server.stop(0).wait()
            _let_go(visits._asker, asking.rest)
            visits.end()


def _let_go(asker: ThreadPoolExecutor, rest: Callable[[], None]) -> None:
    """Give back the connection to the test's database, in the thread that has it."""
    asker.submit(rest).result()


@contextmanager
def silent() -> Iterator[int]:
    """Listen at a port, take connections, and never say anything."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]
