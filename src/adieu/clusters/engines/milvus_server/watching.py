"""Looking whether the server answers, so that the cluster's page can say when it does not."""

import threading
from contextlib import suppress
from pathlib import Path

import grpc
from pymilvus.grpc_gen import milvus_pb2

from adieu.clusters.engines.milvus_server.access import AWAY, Access
from adieu.clusters.engines.milvus_server.server import SERVICE
from adieu.clusters.engines.process.tokens import authorization

EVERY = 5.0
PATIENCE = 3.0


class Watch:
    """Asks the server now and then as the cluster's user; a file in the folder says that no answer came."""

    def __init__(self, channel: grpc.Channel, access: Access, folder: Path, *, every: float = EVERY) -> None:
        self._ask = channel.unary_unary(
            f"/{SERVICE}/GetVersion",
            request_serializer=milvus_pb2.GetVersionRequest.SerializeToString,
        )
        self._headers = (authorization(access.token), ("dbname", access.name))
        self._file, self._every = folder / AWAY, every
        self._is_told = threading.Event()

    def begin(self) -> None:
        """Look until told to end, in a thread of its own."""
        threading.Thread(target=self._look_on, name="server", daemon=True).start()

    def end(self) -> None:
        """Look no more."""
        self._is_told.set()

    def _look_on(self) -> None:
        while True:
            self._look()
            if self._is_told.wait(self._every):
                return

    def _look(self) -> None:
        # A full disk must not end this thread.
        with suppress(OSError):
            if self._answers():
                self._file.unlink(missing_ok=True)
            else:
                self._file.touch(mode=0o600)

    def _answers(self) -> bool:
        try:
            self._ask(milvus_pb2.GetVersionRequest(), timeout=PATIENCE, metadata=self._headers)
        except grpc.RpcError:
            return False
        except ValueError:
            # The channel was closed under it.
            return True
        return True
