"""`python -m adieu.clusters.engines.milvus_server URI`: the gateway of one cluster; `engine.py` starts it."""

import os
import sys

from adieu.clusters.engines.process.messages import keep_client_out
from adieu.clusters.engines.process.words import place_of


def main() -> int:
    """Pass on to the server what the main database lets in."""
    uri, place = sys.argv[1], place_of(sys.argv[2:])
    keep_client_out()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "adieu.config.settings")
    import django

    django.setup()
    from adieu.clusters.engines.milvus_server.opening import opener
    from adieu.clusters.engines.process.keeping import keeping_of
    from adieu.clusters.engines.process.serving import serve

    keeping = keeping_of(place.cluster_id)
    return serve(place, keeping, opener(uri, keeping.bounds))


if __name__ == "__main__":
    # Nothing is left to do, and calls that were cut may still be waiting.
    os._exit(main())
