"""The messages of Milvus' protocol, for whoever speaks to a cluster from a process that does much else.

pymilvus' own start brings pandas and takes seconds, and is of no use here. So only its generated messages are
imported; whoever wants the whole of it afterwards gets it.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from types import ModuleType

NAME = "pymilvus"


@contextmanager
def _without_its_start() -> Iterator[None]:
    spec = find_spec(NAME)
    if NAME in sys.modules or spec is None:
        yield
        return
    bare = ModuleType(NAME)
    bare.__path__ = list(spec.submodule_search_locations or ())
    sys.modules[NAME] = bare
    try:
        yield
    finally:
        del sys.modules[NAME]


with _without_its_start():
    from pymilvus.grpc_gen import common_pb2, milvus_pb2, milvus_pb2_grpc, schema_pb2

__all__ = ["common_pb2", "milvus_pb2", "milvus_pb2_grpc", "schema_pb2"]
