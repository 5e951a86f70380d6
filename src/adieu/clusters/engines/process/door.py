"""The door in front of the engine: every call of every kind passes it (Rules K1, D7).

Note [Looked at before it is read]
A call with one message is served as if it streamed its request; on the wire that is the same. So the token
is looked at before the message is read: who may not come in sends nothing, and a message that never arrives
is cut like any other open call.
"""

from collections.abc import Callable, Iterator
from typing import Any

import grpc
from pymilvus.grpc_gen import common_pb2, milvus_pb2

from adieu.clusters.doors import DoorShut
from adieu.clusters.engines.process.tokens import token_of
from adieu.clusters.engines.process.visits import Visits

CONNECT = "/milvus.proto.milvus.MilvusService/Connect"
# What Milvus itself answers to who is not known.
NOT_AUTHENTICATED = 1400

type Behaviour = Callable[[Any, Any], Any]


class Door(grpc.ServerInterceptor):
    """Puts itself before every method of the engine."""

    def __init__(self, visits: Visits, *, beat: str = "") -> None:
        self.visits, self._beat = visits, beat
        self._guarded: dict[str, grpc.RpcMethodHandler] = {}

    def intercept_service(
        self, continuation: Callable[[Any], grpc.RpcMethodHandler | None], details: Any
    ) -> grpc.RpcMethodHandler | None:
        """Give the method with the door before it; a method that there is not has one, too."""
        if self._beat and details.method == self._beat:
            # The server refuses it by itself: see Note [Beats].
            return None
        if known := self._guarded.get(details.method):
            return known
        handler = continuation(details)
        if handler is None:
            return self._guard(grpc.unary_unary_rpc_method_handler(_is_not_offered), _refuse)
        refuse = _refuse_to_connect if details.method == CONNECT else _refuse
        # Only methods that there are: others would fill the memory with names.
        return self._guarded.setdefault(details.method, self._guard(handler, refuse))

    def _guard(self, handler: grpc.RpcMethodHandler, refuse: Behaviour) -> grpc.RpcMethodHandler:
        guarded = _Guarded(self.visits, handler, refuse)
        serializers = {
            "request_deserializer": handler.request_deserializer,
            "response_serializer": handler.response_serializer,
        }
        if handler.response_streaming:
            return grpc.stream_stream_rpc_method_handler(guarded.answer_many, **serializers)
        return grpc.stream_unary_rpc_method_handler(guarded.answer, **serializers)


class _Guarded:
    """One method with the door before it."""

    def __init__(self, visits: Visits, handler: grpc.RpcMethodHandler, refuse: Behaviour) -> None:
        self._visits, self._refuse = visits, refuse
        self._takes_many = handler.request_streaming
        self._behaviour: Behaviour = (
            handler.unary_unary or handler.unary_stream or handler.stream_unary or handler.stream_stream
        )

    def answer(self, requests: Iterator[Any], context: Any) -> Any:
        try:
            return self._behaviour(self._request(requests, context), context)
        except DoorShut as shut:
            return self._refuse(shut.reason, context)
        except NotImplementedError:
            return _is_not_offered(None, context)

    def answer_many(self, requests: Iterator[Any], context: Any) -> Iterator[Any]:
        try:
            yield from self._behaviour(self._request(requests, context), context)
        except DoorShut as shut:
            self._refuse(shut.reason, context)
        except NotImplementedError:
            _is_not_offered(None, context)

    def _request(self, requests: Iterator[Any], context: Any) -> Any:
        """Let the call in, and give its request."""
        call = self._visits.stay(token_of(context.invocation_metadata()), context)
        if self._takes_many:
            call.has_message = True
            return requests
        message = next(requests, None)
        if message is None:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "The call came without a message.")
        call.has_message = True
        return message


def _refuse(reason: str, context: Any) -> None:
    context.abort(grpc.StatusCode.UNAUTHENTICATED, reason)


def _refuse_to_connect(reason: str, context: Any) -> milvus_pb2.ConnectResponse:
    # An error of gRPC here would be shown as a time-out; a status is shown as it is.
    status = common_pb2.Status(
        error_code=common_pb2.PermissionDenied, code=NOT_AUTHENTICATED, reason=reason, retriable=False
    )
    return milvus_pb2.ConnectResponse(status=status)


def _is_not_offered(_: Any, context: Any) -> None:
    context.abort(grpc.StatusCode.UNIMPLEMENTED, "This cluster does not offer that method.")
