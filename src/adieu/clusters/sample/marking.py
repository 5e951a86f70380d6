"""How the sample is told from a collection that only has its name."""

from enum import StrEnum
from typing import Any

COLLECTION = "sample_foods"
# A property of the collection. Descriptions would do, but milvus-lite forgets them.
MARK, MARKED = "adieu.sample", "foods"


class Standing(StrEnum):
    """Whether the sample is in a cluster."""

    ABSENT = "absent"
    LOADED = "loaded"
    TAKEN = "taken"


def is_ours(described: Any) -> bool:
    """Tell whether a collection, as its cluster describes it, is the sample."""
    return any(pair.key == MARK and pair.value == MARKED for pair in described.properties)
