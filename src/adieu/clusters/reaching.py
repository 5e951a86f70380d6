"""Speaking to a cluster as somebody, from the console: at its address as any client, but never for long.

A cluster may be stuck, or away, or another program may have its port. Whoever asks here is told within
seconds: all calls of a conversation, which is for one page or one act, have one deadline together.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import grpc
from django.conf import settings

from adieu.clusters import passes, queries
from adieu.clusters.engines.process.tokens import authorization
from adieu.clusters.facts import ClusterAway, ClusterNotRunning
from adieu.clusters.messages import milvus_pb2_grpc
from adieu.clusters.models import State

OPTIONS = (
    # Else the wait after a try that failed would be shared with the next page.
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.max_receive_message_length", 4 * 2**20),
    # The system's proxy is for the way out, and no matter of a cluster of the house.
    ("grpc.enable_http_proxy", 0),
)


class Refused(Exception):
    """The cluster understood, and did not do it."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


class Conversation:
    """Calls to one cluster, until their common deadline."""

    PAUSE = 0.1

    def __init__(self, channel: grpc.Channel, token: str, *, seconds: float) -> None:
        self._stub = milvus_pb2_grpc.MilvusServiceStub(channel)
        self._metadata = (authorization(token),)
        self._deadline = time.monotonic() + seconds

    def ask(self, method: str, request: Any) -> Any:
        """Call a method.

        Raises:
            ClusterAway: no answer came in time, or the door was shut.
            Refused: the cluster says why not.
        """
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise ClusterAway
        try:
            answer = getattr(self._stub, method)(request, timeout=left, metadata=self._metadata)
        except grpc.RpcError as error:
            if error.code() == grpc.StatusCode.DEADLINE_EXCEEDED:
                # It counts in milliseconds; what is left of the last one is no time.
                self._deadline = 0
            raise ClusterAway from error
        status = getattr(answer, "status", answer)
        if code := status.code or status.error_code:
            raise Refused(code, status.reason)
        return answer

    def pause(self) -> None:
        """Let a moment go by, before asking the same again."""
        time.sleep(self.PAUSE)


@contextmanager
def conversation(
    *, cluster_id: UUID, account_id: UUID, now: datetime, seconds: float
) -> Iterator[Conversation]:
    """Speak to a cluster that runs, for somebody who may use it.

    Raises:
        ClusterNotFound, NotAllowed: the account may not.
        ClusterNotRunning: it does not run.
    """
    found = queries.cluster(cluster_id=cluster_id, account_id=account_id)
    if found.state != State.RUNNING:
        raise ClusterNotRunning
    token = passes.issue(account_id=account_id, cluster_id=cluster_id, now=now)
    with _open_channel(found.address) as channel:
        yield Conversation(channel, token, seconds=seconds)


def _open_channel(address: str) -> grpc.Channel:
    """Open the way to a cluster: the one place that does."""
    at, certificate = urlsplit(address), settings.ADIEU.cluster_certificate
    if certificate is None:
        return grpc.insecure_channel(at.netloc, options=OPTIONS)
    # It is our own: nobody else has to vouch for it.
    trusted = grpc.ssl_channel_credentials(certificate.read_bytes())
    return grpc.secure_channel(at.netloc, trusted, options=OPTIONS)
