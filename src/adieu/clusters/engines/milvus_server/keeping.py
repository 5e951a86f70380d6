"""Making and dropping what a cluster is on the server, as its root.

Each may be cut off anywhere and done again: what there is is looked up first. Nothing of others is touched,
since everything of a cluster has the cluster's own name.
"""

import base64
import time
from collections.abc import Callable, Sequence
from typing import Any

import grpc
from pymilvus.grpc_gen import milvus_pb2, milvus_pb2_grpc

from adieu.clusters.engines.milvus_server.access import Access
from adieu.clusters.engines.milvus_server.rights import rights
from adieu.clusters.engines.milvus_server.trying import tries
from adieu.clusters.engines.process.tokens import authorization

SECONDS = 20.0
TRIES, PAUSE = 300, 0.1
DENIED = {grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.UNAUTHENTICATED}
ANY = "*"


class Refused(Exception):
    """The server answered that it will not."""

    def __init__(self, request: Any, status: Any) -> None:
        super().__init__(status.reason)
        self.request, self.reason = type(request), status.reason
        self.code: int = status.code or status.error_code


class Keeping:
    """The server, as root sees it."""

    def __init__(
        self, channel: grpc.Channel, token: str, *, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._stub = milvus_pb2_grpc.MilvusServiceStub(channel)
        self._root, self._pause = authorization(token), pause

    def make(self, access: Access) -> None:
        """Make a database, a user and a role with the rights that it needs there.

        Raises:
            Refused: the server will not.
        """
        name = access.name
        if name not in self._databases():
            self._do(milvus_pb2.CreateDatabaseRequest(db_name=name))
        # One that is there may have another password; nobody has used it yet.
        self._drop_login(name)
        self._do(milvus_pb2.CreateCredentialRequest(username=name, password=_told(access.password)))
        if name not in self._roles():
            self._do(milvus_pb2.CreateRoleRequest(entity=milvus_pb2.RoleEntity(name=name)))
        unknown = [right for kind, right in rights() if not self._is_granted(_right(name, kind, right))]
        self._do(
            milvus_pb2.OperateUserRoleRequest(username=name, role_name=name, type=milvus_pb2.AddUserToRole)
        )
        self._wait_for_rights(access, unknown)

    def drop(self, name: str) -> None:
        """Drop all that a cluster is on the server, with its data.

        Raises:
            Refused: the server will not, or not yet.
        """
        self._drop_login(name)
        has_database = name in self._databases()
        if has_database:
            self._drop_collections(name)
        if name in self._roles():
            self._drop_role(name)
        if has_database:
            self._do(milvus_pb2.DropDatabaseRequest(db_name=name))

    def _wait_for_rights(self, access: Access, unknown: Sequence[str]) -> None:
        """Wait until rights count: Milvus tells its parts of them one by one, after it said yes.

        Where it has many to tell of, that takes long, and a cluster whose last rights come late is better
        than none.
        """
        waiting = [request for right, request in tries(access.name) if right not in unknown]
        for _ in range(TRIES):
            waiting = [request for request in waiting if not self._may(request, access)]
            if not waiting:
                return
            self._pause(PAUSE)

    def _may(self, request: Any, access: Access) -> bool:
        headers = [authorization(access.token), ("dbname", access.name)]
        try:
            self._method(request)(request, timeout=SECONDS, metadata=headers)
        except grpc.RpcError as error:
            if error.code() in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED}:
                raise
            # Any other answer, as of an older server that lacks the method, comes after the rights.
            return error.code() not in DENIED
        return True

    def _is_granted(self, right: Any) -> bool:
        """Grant a right, and tell whether the server knows it."""
        request = milvus_pb2.OperatePrivilegeRequest(entity=right, type=milvus_pb2.Grant)
        status = self._ask(request)
        # A right that this server does not know is one that it does not ask for.
        if status.error_code and "privilege" not in status.reason:
            raise Refused(request, status)
        return not status.error_code

    def _drop_login(self, name: str) -> None:
        if name in self._do(milvus_pb2.ListCredUsersRequest()).usernames:
            self._do(milvus_pb2.DeleteCredentialRequest(username=name))

    def _drop_role(self, name: str) -> None:
        asked = milvus_pb2.GrantEntity(role=milvus_pb2.RoleEntity(name=name), db_name=name)
        for right in self._do(milvus_pb2.SelectGrantRequest(entity=asked)).entities:
            self._do(milvus_pb2.OperatePrivilegeRequest(entity=right, type=milvus_pb2.Revoke))
        self._do(milvus_pb2.DropRoleRequest(role_name=name))

    def _drop_collections(self, database: str) -> None:
        shown = self._do(milvus_pb2.ShowCollectionsRequest(db_name=database), database)
        for name in shown.collection_names:
            which = {"db_name": database, "collection_name": name}
            for alias in self._do(milvus_pb2.DescribeCollectionRequest(**which), database).aliases:
                self._do(milvus_pb2.DropAliasRequest(db_name=database, alias=alias), database)
            self._do(milvus_pb2.DropCollectionRequest(**which), database)

    def _databases(self) -> list[str]:
        return list(self._do(milvus_pb2.ListDatabasesRequest()).db_names)

    def _roles(self) -> list[str]:
        return [result.role.name for result in self._do(milvus_pb2.SelectRoleRequest()).results]

    def _do(self, request: Any, database: str = "") -> Any:
        """Ask for something, and have it done."""
        answer = self._ask(request, database)
        status = getattr(answer, "status", answer)
        if status.error_code or status.code:
            raise Refused(request, status)
        return answer

    def _ask(self, request: Any, database: str = "") -> Any:
        headers = [self._root, *([("dbname", database)] if database else [])]
        return self._method(request)(request, timeout=SECONDS, metadata=headers)

    def _method(self, request: Any) -> Any:
        # The messages have the names of their methods.
        return getattr(self._stub, type(request).__name__.removesuffix("Request"))


def _right(name: str, kind: str, right: str) -> Any:
    return milvus_pb2.GrantEntity(
        role=milvus_pb2.RoleEntity(name=name),
        object=milvus_pb2.ObjectEntity(name=kind),
        object_name=ANY,
        db_name=name,
        grantor=milvus_pb2.GrantorEntity(privilege=milvus_pb2.PrivilegeEntity(name=right)),
    )


def _told(password: str) -> str:
    # Milvus' clients send it so.
    return base64.b64encode(password.encode()).decode()
