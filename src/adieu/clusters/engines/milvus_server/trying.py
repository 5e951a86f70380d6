"""Requests that ask for each right of a cluster's user and do nothing: what they name is not there."""

from collections.abc import Iterator
from typing import Any

from google.protobuf.message_factory import GetMessageClass
from pymilvus.grpc_gen import common_pb2, milvus_pb2

from adieu.clusters.engines.milvus_server.methods import FORWARDED

METHODS = milvus_pb2.DESCRIPTOR.services_by_name["MilvusService"].methods_by_name
NAMES = (
    "db_name",
    "newDBName",
    "collection_name",
    "collection_names",
    "oldName",
    "newName",
    "alias",
    "partition_name",
)


def tries(name: str) -> Iterator[tuple[str, Any]]:
    """Give each right with a request for it; all name what a cluster is called, in its own database."""
    seen = set()
    for method in sorted(FORWARDED):
        kind = METHODS[method].input_type
        right = kind.GetOptions().Extensions[common_pb2.privilege_ext_obj].object_privilege
        # The first of all rights stands for none.
        if right and right not in seen:
            seen.add(right)
            known_as = common_pb2.ObjectPrivilege.Name(right).removeprefix("Privilege")
            yield known_as, _request(kind, name)


def _request(kind: Any, name: str) -> Any:
    request = GetMessageClass(kind)()
    for field in NAMES:
        known = kind.fields_by_name.get(field)
        if known and known.is_repeated:
            getattr(request, field).append(name)
        elif known:
            setattr(request, field, name)
    return request
