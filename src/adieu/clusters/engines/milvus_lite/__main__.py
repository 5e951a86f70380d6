"""`python -m adieu.clusters.engines.milvus_lite`: the process of one cluster; `engine.py` starts it."""

import os
import sys

from adieu.clusters.engines.process.messages import keep_client_out
from adieu.clusters.engines.process.words import place_of


def main() -> int:
    """Serve one cluster to whom the main database lets in."""
    place = place_of(sys.argv[1:])
    keep_client_out()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "adieu.config.settings")
    import django

    django.setup()
    from adieu.clusters.engines.milvus_lite.opening import open_database
    from adieu.clusters.engines.process.keeping import keeping_of
    from adieu.clusters.engines.process.serving import serve

    return serve(place, keeping_of(place.cluster_id), open_database)


if __name__ == "__main__":
    # Nothing is left to do, and calls that were cut may still be counting.
    os._exit(main())
