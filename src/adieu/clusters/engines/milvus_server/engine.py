"""A cluster on a Milvus server, for whoever keeps clusters running.

Note [Two processes]
The gateway serves whoever uses the cluster, and knows the cluster's own user only. What needs the root of the
server, making and dropping, is done by errands, short processes that are handed its token and end.
"""

import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress

from django.conf import settings

from adieu.clusters.engines import Measure, Place, Undestroyed
from adieu.clusters.engines.milvus_server import access
from adieu.clusters.engines.milvus_server.server import Server
from adieu.clusters.engines.process.endings import Ending, sentence
from adieu.clusters.engines.process.running import (
    LOCK,
    ClusterProcess,
    end_holder,
    memory_bytes,
)

PACKAGE = "adieu.clusters.engines.milvus_server"
GATEWAY = (sys.executable, "-m", PACKAGE)
ERRAND = (sys.executable, "-m", f"{PACKAGE}.errand")
# Many collections are dropped one after the other.
SECONDS_TO_DROP = 300.0
NOT_REGISTERED = "No Milvus server is registered with this console."
SERVER_GONE = "The Milvus server is gone for good, says whoever runs this console."
NOT_ANSWERING = "The Milvus server does not answer at the moment."


def on_registered_server(place: Place) -> "MilvusServer":
    """Give a cluster on the server that the settings name."""
    given = settings.ADIEU
    if given.milvus_uri is None:
        return MilvusServer(place, server=None)
    server = Server(given.milvus_uri, given.milvus_token or "", is_gone=given.is_milvus_gone)
    return MilvusServer(place, server=server)


class MilvusServer(ClusterProcess):
    """One cluster's gateway, and its database, user and role on the server."""

    def __init__(self, place: Place, *, server: Server | None, command: Sequence[str] = GATEWAY) -> None:
        uri = server.uri if server else ""
        super().__init__(place, command=[*command, uri])
        self._server = server
        self._making, self._dropping = _Errand(place, "make", uri), _Errand(place, "drop", uri)
        self._is_making = False

    def start(self) -> None:
        """Start the gateway, or first what makes the cluster on the server."""
        if self._missing:
            return
        if access.is_made(self._place.folder):
            super().start()
        elif self._server:
            self._is_making = True
            self._making.begin(self._server.token)

    def has_answered(self) -> bool:
        """Tell whether the gateway answered; whether the server does is a matter of `measure`."""
        return not self._is_making and super().has_answered()

    def why_ended(self) -> str | None:
        """Say why it ended; once the cluster is made, start the gateway instead."""
        if self._missing:
            return self._missing
        if not self._is_making:
            return super().why_ended()
        if self._making.is_done:
            self._is_making = False
            super().start()
            return None
        return self._making.why_ended()

    def stop(self, *, patience: float) -> None:
        """End the gateway, and what is under way; a server that hangs holds up nobody."""
        for errand in (self._making, self._dropping):
            errand.stop(patience=0)
        self._is_making = False
        super().stop(patience=patience)

    def measure(self) -> Measure:
        """Tell what the gateway takes. What the data takes, the server does not say of one database."""
        is_away = (self._place.folder / access.AWAY).exists()
        return Measure(memory_bytes(self.pid), None, NOT_ANSWERING if is_away else "")

    def destroy(self) -> None:
        """Drop it from the server, then destroy its folder; may be repeated (Rules K2, K3).

        Raises:
            Undestroyed: the server does not let it be dropped now.
        """
        self.stop(patience=0)
        end_holder(self._place.folder / LOCK)
        if self._may_be_on_server():
            self._drop()
        super().destroy()

    @property
    def _missing(self) -> str:
        if self._server is None:
            return NOT_REGISTERED
        return SERVER_GONE if self._server.is_gone else ""

    def _may_be_on_server(self) -> bool:
        if self._server and self._server.is_gone:
            return False
        folder = self._place.folder
        # A folder that was lost tells nothing.
        return access.is_begun(folder) or not folder.exists()

    def _drop(self) -> None:
        if self._server is None:
            raise Undestroyed(NOT_REGISTERED)
        self._dropping.begin(self._server.token)
        code = self._dropping.wait(SECONDS_TO_DROP)
        if code != Ending.TOLD:
            raise Undestroyed(sentence(code))


class _Errand(ClusterProcess):
    """One errand to the server; it ends by itself."""

    def __init__(self, place: Place, errand: str, uri: str) -> None:
        super().__init__(place, command=[*ERRAND, errand, uri])

    def begin(self, token: str) -> None:
        """Send it, unless it is under way."""
        if self.pid is not None:
            return
        self.start()
        if self._process and self._process.stdin:
            with suppress(BrokenPipeError):
                self._process.stdin.write(f"{token}\n".encode())
                self._process.stdin.flush()

    def wait(self, seconds: float) -> int:
        """Wait for its end, and give its exit code; one that takes too long is ended."""
        if self._process is None:
            return Ending.SERVER_AWAY
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return Ending.SERVER_AWAY
        finally:
            self.stop(patience=0)

    @property
    def is_done(self) -> bool:
        """Whether it has done what it was sent for."""
        return self._process is not None and self._process.poll() == Ending.TOLD
