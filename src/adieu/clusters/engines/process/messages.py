"""The messages of Milvus' protocol, without the rest of its client.

They are taken from pymilvus, whose own start brings pandas and more. A cluster has no use for that, so only
the package's folder is put in place; `docs/reference/measurements.md` says what it saves. Arrow
brings pandas, too, at the first insert, which then takes seconds; it does without when there is none.
"""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.util import find_spec
from types import ModuleType


class WithoutPandas(MetaPathFinder):
    """Says that there is no pandas."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> None:
        """Refuse the one, and leave everything else to others."""
        if name == "pandas":
            raise ModuleNotFoundError(name=name)


def keep_client_out() -> None:
    """Have `pymilvus` be its folder alone in this process; called before anything of it is imported."""
    spec = find_spec("pymilvus")
    if "pymilvus" in sys.modules or spec is None:
        return
    bare = ModuleType("pymilvus")
    bare.__path__ = list(spec.submodule_search_locations or ())
    sys.modules["pymilvus"] = bare
    sys.meta_path.insert(0, WithoutPandas())
