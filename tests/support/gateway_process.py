"""A gateway to a Milvus server whose door stands in a file, as that of `engine_process.py`.

`python -m tests.support.gateway_process GUESTS URI --cluster … --folder … --port …`
"""

import os
import sys
from pathlib import Path

from adieu.clusters.engines.process.messages import keep_client_out
from adieu.clusters.engines.process.words import place_of
from tests.support.engine_process import Guests


def main() -> int:
    guests, uri, place = Guests(Path(sys.argv[1])), sys.argv[2], place_of(sys.argv[3:])
    keep_client_out()
    from adieu.clusters.engines.milvus_server.opening import opener
    from adieu.clusters.engines.process.serving import Keeping, serve

    keeping = Keeping(guests.who_may_use)
    return serve(place, keeping, opener(uri, keeping.bounds, look_every=0.1))


if __name__ == "__main__":
    os._exit(main())
