"""The way from the door of a cluster to its database on the operator's server.

Note [One database for each cluster]
On the server a cluster is a database, with a user who may use that one and no other. The caller's key ends
here: the call goes on as that user, in that database. Milvus itself is asked to keep them apart, and is
given nothing that would let it do otherwise (`confining.py`).

Messages go on as they came, except for the database that they name.
"""

import logging
from collections.abc import Callable
from typing import Any, NoReturn

import grpc
from google.protobuf.message_factory import GetMessageClass
from pymilvus.grpc_gen import common_pb2, milvus_pb2

from adieu.clusters.engines.milvus_server import confining
from adieu.clusters.engines.milvus_server.access import Access
from adieu.clusters.engines.milvus_server.confining import Confined
from adieu.clusters.engines.milvus_server.methods import FORWARDED, KEPT_BY_US
from adieu.clusters.engines.milvus_server.server import SERVICE
from adieu.clusters.engines.process.tokens import authorization
from adieu.kit import logs

AWAY = "The Milvus server behind this cluster does not answer. Try again later."
NOT_LET_IN = "The Milvus server does not let this cluster in. Whoever runs this console can mend that."
KEPT = (
    "Databases, users and roles are kept by the console. "
    "Members of the project use this cluster with API keys of theirs."
)
# What Milvus itself answers when a part of it is away.
NOT_READY = 1
# gRPC gives hundreds of years to whoever sets no deadline, and cannot pass those on.
SECONDS_THAT_ARE_FOR_EVER = 1e9

METHODS = milvus_pb2.DESCRIPTOR.services_by_name["MilvusService"].methods_by_name

type Behaviour = Callable[[Any, Any], Any]


class Gateway:
    """Answers the calls that were let in, by asking the server."""

    def __init__(self, channel: grpc.Channel, access: Access, *, on_close: Callable[[], None]) -> None:
        self._channel, self._access, self._on_close = channel, access, on_close
        self._authorization = authorization(access.token)
        self._ways: dict[str, Any] = {}

    def add_to(self, server: grpc.Server) -> None:
        """Put its methods into a server."""
        answered = {
            "Connect": self._connect,
            "ListDatabases": self._list_databases,
            "DescribeDatabase": self._describe_database,
        }
        handlers = {
            **{name: _handler(name, self._forwarding(name)) for name in FORWARDED},
            **{name: _handler(name, _refuse) for name in KEPT_BY_US},
            **{name: _handler(name, each, is_raw=False) for name, each in answered.items()},
        }
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))

    def close(self) -> None:
        """Let go of the server."""
        self._on_close()
        self._channel.close()

    def _forwarding(self, name: str) -> Behaviour:
        answered = GetMessageClass(METHODS[name].output_type)
        is_named = confining.names_a_database(answered.DESCRIPTOR)

        def forward(message: Any, context: Any) -> bytes:
            self._confine(message, context)
            answer = self._ask(name, message.SerializeToString(), context)
            if not is_named:
                return answer
            told = answered.FromString(answer)
            confining.reveal(told)
            return bytes(told.SerializeToString())

        return forward

    def _confine(self, message: Any, context: Any) -> None:
        try:
            confining.confine(
                message, database=self._access.name, is_ours=lambda number: self._is_ours(number, context)
            )
        except Confined as confined:
            _end(context, grpc.StatusCode.PERMISSION_DENIED, confined.reason)

    def _connect(self, message: Any, context: Any) -> milvus_pb2.ConnectResponse:
        """Make the server know a client, and not more of it than what it speaks."""
        said = message.client_info
        client = common_pb2.ClientInfo(
            sdk_type=said.sdk_type, sdk_version=said.sdk_version, local_time=said.local_time
        )
        request = milvus_pb2.ConnectRequest(client_info=client)
        try:
            return milvus_pb2.ConnectResponse.FromString(
                self._call("Connect", request.SerializeToString(), context)
            )
        except grpc.RpcError as error:
            # An error of gRPC here would be shown as a time-out; a status is shown as it is.
            reason = _sentence(error) or error.details()
            status = common_pb2.Status(
                error_code=common_pb2.UnexpectedError, code=NOT_READY, reason=reason, retriable=True
            )
            return milvus_pb2.ConnectResponse(status=status)

    def _list_databases(self, message: Any, context: Any) -> milvus_pb2.ListDatabasesResponse:
        return milvus_pb2.ListDatabasesResponse(status=common_pb2.Status(), db_names=[confining.DEFAULT])

    def _describe_database(self, message: Any, context: Any) -> milvus_pb2.DescribeDatabaseResponse:
        self._confine(message, context)
        return milvus_pb2.DescribeDatabaseResponse(status=common_pb2.Status(), db_name=confining.DEFAULT)

    def _is_ours(self, number: int, context: Any) -> bool:
        request = milvus_pb2.ShowCollectionsRequest(db_name=self._access.name)
        answer = self._ask("ShowCollections", request.SerializeToString(), context)
        return number in milvus_pb2.ShowCollectionsResponse.FromString(answer).collection_ids

    def _ask(self, name: str, raw: bytes, context: Any) -> bytes:
        """Call the server, and end as it ends."""
        try:
            return self._call(name, raw, context)
        except grpc.RpcError as error:
            plain = _sentence(error)
            if plain:
                _end(context, grpc.StatusCode.UNAVAILABLE, plain)
            context.set_trailing_metadata(error.trailing_metadata() or ())
            _end(context, error.code(), error.details())

    def _call(self, name: str, raw: bytes, context: Any) -> bytes:
        try:
            headers = confining.headers(context.invocation_metadata(), database=self._access.name)
        except Confined as confined:
            _end(context, grpc.StatusCode.PERMISSION_DENIED, confined.reason)
        left = context.time_remaining()
        call = self._way(name).future(
            raw,
            timeout=left if left < SECONDS_THAT_ARE_FOR_EVER else None,
            metadata=[*headers, self._authorization],
        )
        # Whoever is cut off or goes away leaves nothing behind that the server still works on.
        if not context.add_callback(call.cancel):
            call.cancel()
        try:
            return bytes(call.result())
        except grpc.FutureCancelledError:
            _end(context, grpc.StatusCode.CANCELLED, "")

    def _way(self, name: str) -> Any:
        if name not in self._ways:
            self._ways[name] = self._channel.unary_unary(f"/{SERVICE}/{name}")
        return self._ways[name]


def _sentence(error: Any) -> str:
    """Say what is wrong with the server itself; nothing when the error is an answer to the caller."""
    if error.code() is grpc.StatusCode.UNAVAILABLE:
        return AWAY
    if error.code() is grpc.StatusCode.UNAUTHENTICATED:
        logs.record("cluster.not_let_in", level=logging.WARNING)
        return NOT_LET_IN
    return ""


def _end(context: Any, code: grpc.StatusCode, reason: str) -> NoReturn:
    context.abort(code, reason)
    raise AssertionError  # it has raised


def _handler(name: str, behaviour: Behaviour, *, is_raw: bool = True) -> grpc.RpcMethodHandler:
    """Give a method; one that is forwarded gives its answer as the server sent it."""
    asked, answered = (
        GetMessageClass(kind) for kind in (METHODS[name].input_type, METHODS[name].output_type)
    )
    return grpc.unary_unary_rpc_method_handler(
        behaviour,
        request_deserializer=asked.FromString,
        response_serializer=None if is_raw else answered.SerializeToString,
    )


def _refuse(_: Any, context: Any) -> None:
    _end(context, grpc.StatusCode.PERMISSION_DENIED, KEPT)
