"""Calling the gRPC server of the cluster as whoever asks, so that its door and its turns hold here, too."""

from http import HTTPStatus
from typing import Any

import grpc
from pymilvus.grpc_gen import milvus_pb2_grpc

from adieu.clusters.engines.process.bounds import Bounds
from adieu.clusters.engines.process.rest.answers import CUT, Code, Refused, not_let_in
from adieu.clusters.engines.process.tokens import authorization

# As Milvus waits for itself.
SECONDS = 30
# milvus-lite answers with the old codes of Milvus, which mean something else today.
MEANT = {1: Code.UNEXPECTED, 6: Code.INVALID, 26: Code.UNEXPECTED}
BY_STATUS = {
    grpc.StatusCode.UNIMPLEMENTED: (HTTPStatus.OK, Code.NOT_OFFERED),
    grpc.StatusCode.DEADLINE_EXCEEDED: (HTTPStatus.REQUEST_TIMEOUT, Code.UNEXPECTED),
    grpc.StatusCode.RESOURCE_EXHAUSTED: (HTTPStatus.TOO_MANY_REQUESTS, Code.TOO_MUCH),
    grpc.StatusCode.UNAVAILABLE: (HTTPStatus.SERVICE_UNAVAILABLE, Code.UNAVAILABLE),
}


class Server:
    """The gRPC server of the cluster."""

    def __init__(self, path: str, bounds: Bounds) -> None:
        options = [
            ("grpc.max_send_message_length", bounds.received_bytes),
            ("grpc.max_receive_message_length", bounds.received_bytes),
            ("grpc.enable_http_proxy", 0),
        ]
        self._stub = milvus_pb2_grpc.MilvusServiceStub(grpc.insecure_channel(f"unix:{path}", options=options))

    def called_by(self, token: str, *, database: str = "") -> "Calls":
        """Call it as whoever holds a token."""
        return Calls(self._stub, token, database)


class Calls:
    """The calls of one caller to one database."""

    def __init__(self, stub: Any, token: str, database: str) -> None:
        self._stub, self._database = stub, database
        self._metadata = (authorization(token),)

    def call(self, method: str, request: Any) -> Any:
        """Call a method, and give what it answers.

        Raises:
            Refused: it was not carried out.
        """
        if self._database:
            request.db_name = self._database
        try:
            answer = getattr(self._stub, method)(request, metadata=self._metadata, timeout=SECONDS)
        except grpc.RpcError as error:
            raise _refused(error) from None
        _require_done(answer)
        return answer


def _refused(error: Any) -> Refused:
    if error.code() is grpc.StatusCode.UNAUTHENTICATED:
        return not_let_in(error.details())
    if error.code() is grpc.StatusCode.CANCELLED:
        return not_let_in(CUT)
    status, code = BY_STATUS.get(error.code(), (HTTPStatus.INTERNAL_SERVER_ERROR, Code.UNEXPECTED))
    return Refused(code, error.details() or "The call failed.", status=status)


def _require_done(answer: Any) -> None:
    status = getattr(answer, "status", answer)
    code = status.code or status.error_code
    if code:
        raise Refused(MEANT.get(code, code), status.reason)
