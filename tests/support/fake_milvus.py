"""A Milvus server at the edge of the process: it keeps names, notes what it is asked, and does as told."""

import base64
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf.message_factory import GetMessageClass
from pymilvus.grpc_gen import common_pb2, milvus_pb2

from adieu.clusters.engines.milvus_server.server import Server

SERVICE = milvus_pb2.DESCRIPTOR.services_by_name["MilvusService"]
ROOT = "root:Milvus"
OK = common_pb2.Status()
REFUSED = common_pb2.Status(error_code=common_pb2.UnexpectedError, code=1100, reason="not like that")

type Answer = Callable[[Any, Any], Any]


@dataclass(frozen=True)
class Asked:
    """One call as it arrived."""

    method: str
    message: Any
    headers: dict[str, str]
    seconds: float | None

    @property
    def caller(self) -> str:
        return base64.b64decode(self.headers["authorization"]).decode()


@dataclass
class FakeMilvus:
    """What it keeps; `answers` says what else it does for a method than to agree."""

    port: int = 0
    databases: dict[str, list[str]] = field(default_factory=lambda: {"default": ["others"]})
    users: dict[str, str] = field(default_factory=dict)
    roles: dict[str, list[Any]] = field(default_factory=dict)
    members: set[tuple[str, str]] = field(default_factory=set)
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    @property
    def server(self) -> Server:
        return Server(f"http://127.0.0.1:{self.port}", ROOT)

    @property
    def names(self) -> set[str]:
        """All that it keeps under a name, but for what it has from the start."""
        return {*self.databases, *self.users, *self.roles} - {"default"}

    def last(self, method: str) -> Asked:
        return [each for each in self.asked if each.method == method][-1]

    def answer(self, name: str, message: Any, context: Any) -> Any:
        headers = {key: value for key, value in context.invocation_metadata() if isinstance(value, str)}
        asked = Asked(name, message, headers, context.time_remaining())
        self.asked.append(asked)
        if asked.caller != ROOT and asked.caller not in {
            f"{user}:{word}" for user, word in self.users.items()
        }:
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "auth check failure")
        own = getattr(self, f"_{name}", None)
        if answer := self.answers.get(name):
            return answer(message, context)
        return own(message) if own else GetMessageClass(SERVICE.methods_by_name[name].output_type)()

    def _ListDatabases(self, message: Any) -> Any:  # noqa: N802 - as Milvus calls it
        return milvus_pb2.ListDatabasesResponse(status=OK, db_names=list(self.databases))

    def _CreateDatabase(self, message: Any) -> Any:  # noqa: N802
        if message.db_name in self.databases:
            return REFUSED
        self.databases[message.db_name] = []
        return OK

    def _DropDatabase(self, message: Any) -> Any:  # noqa: N802
        return OK if self.databases.pop(message.db_name, ["missing"]) == [] else REFUSED

    def _ShowCollections(self, message: Any) -> Any:  # noqa: N802
        names = self.databases[message.db_name]
        return milvus_pb2.ShowCollectionsResponse(
            status=OK, collection_names=names, collection_ids=[100 + each for each in range(len(names))]
        )

    def _DropCollection(self, message: Any) -> Any:  # noqa: N802
        self.databases[message.db_name].remove(message.collection_name)
        return OK

    def _ListCredUsers(self, message: Any) -> Any:  # noqa: N802
        return milvus_pb2.ListCredUsersResponse(status=OK, usernames=["root", *self.users])

    def _CreateCredential(self, message: Any) -> Any:  # noqa: N802
        if message.username in self.users:
            return REFUSED
        self.users[message.username] = base64.b64decode(message.password).decode()
        return OK

    def _DeleteCredential(self, message: Any) -> Any:  # noqa: N802
        return OK if self.users.pop(message.username, None) else REFUSED

    def _SelectRole(self, message: Any) -> Any:  # noqa: N802
        results = [milvus_pb2.RoleResult(role=milvus_pb2.RoleEntity(name=each)) for each in self.roles]
        return milvus_pb2.SelectRoleResponse(status=OK, results=results)

    def _CreateRole(self, message: Any) -> Any:  # noqa: N802
        if message.entity.name in self.roles:
            return REFUSED
        self.roles[message.entity.name] = []
        return OK

    def _DropRole(self, message: Any) -> Any:  # noqa: N802
        return OK if self.roles.pop(message.role_name, ["missing"]) == [] else REFUSED

    def _SelectGrant(self, message: Any) -> Any:  # noqa: N802
        return milvus_pb2.SelectGrantResponse(status=OK, entities=self.roles[message.entity.role.name])

    def _OperatePrivilege(self, message: Any) -> Any:  # noqa: N802
        rights = self.roles[message.entity.role.name]
        if message.type == milvus_pb2.Revoke:
            rights.remove(message.entity)
        elif message.entity not in rights:
            rights.append(message.entity)
        return OK

    def _OperateUserRole(self, message: Any) -> Any:  # noqa: N802
        self.members.add((message.username, message.role_name))
        return OK


@contextmanager
def served(fake: FakeMilvus) -> Iterator[FakeMilvus]:
    """Serve it, at the port that it had before."""
    size = 512 * 2**20
    options = [("grpc.max_receive_message_length", size), ("grpc.max_send_message_length", size)]
    server = grpc.server(ThreadPoolExecutor(20), options=[*options, ("grpc.so_reuseport", 0)])
    handlers = {each.name: _handler(fake, each) for each in SERVICE.methods if not each.client_streaming}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE.full_name, handlers),))
    fake.port = server.add_insecure_port(f"127.0.0.1:{fake.port}")
    server.start()
    try:
        yield fake
    finally:
        server.stop(None).wait()


def _handler(fake: FakeMilvus, method: Any) -> Any:
    def answer(message: Any, context: Any) -> Any:
        return fake.answer(method.name, message, context)

    return grpc.unary_unary_rpc_method_handler(
        answer,
        request_deserializer=GetMessageClass(method.input_type).FromString,
        response_serializer=GetMessageClass(method.output_type).SerializeToString,
    )
