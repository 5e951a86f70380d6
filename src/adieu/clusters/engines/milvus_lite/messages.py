"""The messages of Milvus' protocol, without the rest of its client.

milvus-lite takes them from pymilvus, whose own start brings pandas and more. A database has no use for
that, and `docs/reference/measurements.md` says what it would cost each cluster. So only the package's
folder is put in place.
"""

import sys
from importlib.util import find_spec
from types import ModuleType


def keep_client_out() -> None:
    """Have `pymilvus` be its folder alone in this process; called before milvus-lite is imported."""
    spec = find_spec("pymilvus")
    if "pymilvus" in sys.modules or spec is None:
        return
    bare = ModuleType("pymilvus")
    bare.__path__ = list(spec.submodule_search_locations or ())
    sys.modules["pymilvus"] = bare
