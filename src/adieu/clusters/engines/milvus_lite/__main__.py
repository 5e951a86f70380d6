"""`python -m adieu.clusters.engines.milvus_lite`: the process of one cluster; `running.py` starts it."""

import argparse
import os
import sys
from pathlib import Path
from uuid import UUID

from adieu.clusters.engines import Place
from adieu.clusters.engines.milvus_lite.messages import keep_client_out


def place_of(words: list[str]) -> Place:
    """Read where the cluster lives."""
    parser = argparse.ArgumentParser(prog="python -m adieu.clusters.engines.milvus_lite")
    parser.add_argument("--cluster", type=UUID, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    given = parser.parse_args(words)
    return Place(given.cluster, given.folder, given.port)


def main() -> int:
    """Serve one cluster to whom the main database lets in."""
    place = place_of(sys.argv[1:])
    keep_client_out()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "adieu.config.settings")
    import django

    django.setup()
    from adieu.clusters.engines.milvus_lite.asking import Asking
    from adieu.clusters.engines.milvus_lite.serving import Keeping, serve

    asking = Asking(place.cluster_id)
    return serve(place, Keeping(asking.who_may_use, asking.rest))


if __name__ == "__main__":
    # Nothing is left to do, and calls that were cut may still be counting.
    os._exit(main())
