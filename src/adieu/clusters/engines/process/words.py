"""Where a cluster lives, as the words of its process."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from adieu.clusters.engines import Place


def words_of(place: Place) -> list[str]:
    """Say where a cluster lives."""
    return [
        *("--cluster", str(place.cluster_id)),
        *("--folder", str(place.folder)),
        *("--port", str(place.port)),
    ]


def place_of(words: Sequence[str]) -> Place:
    """Read where a cluster lives."""
    parser = argparse.ArgumentParser(prog="python -m adieu.clusters.engines")
    parser.add_argument("--cluster", type=UUID, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    given = parser.parse_args(words)
    return Place(given.cluster, given.folder, given.port)
