"""A process that answers for one milvus-lite at two ports: as milvus-lite does it, and behind our front.

`python -m benchmarks.cluster_servers CLUSTER FOLDER` prints the two ports and serves until its input ends.
"""

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID

from adieu.clusters.engines.process.messages import keep_client_out


def main() -> None:
    """Serve."""
    cluster_id, folder = UUID(sys.argv[1]), Path(sys.argv[2])
    keep_client_out()
    os.environ["DJANGO_SETTINGS_MODULE"] = "adieu.config.settings"
    import django

    django.setup()
    import grpc
    from pymilvus.grpc_gen import milvus_pb2_grpc

    from adieu.clusters.engines import Place
    from adieu.clusters.engines.milvus_lite.database import Database
    from adieu.clusters.engines.process.asking import Asking
    from adieu.clusters.engines.process.bounds import Bounds
    from adieu.clusters.engines.process.door import Door
    from adieu.clusters.engines.process.listening import open_server
    from adieu.clusters.engines.process.visits import Visits
    from tests.support.served import free_port

    bounds, database = Bounds(), Database(str(folder), on_disk_failure=lambda _: None)
    asking = Asking(cluster_id)
    visits = Visits(asking.who_may_use, rest=asking.rest)
    threading.Thread(target=visits.watch, daemon=True).start()
    place = Place(cluster_id, folder, free_port())
    behind_door = open_server(database, Door(visits), place=place, bounds=bounds)
    # The server of milvus-lite itself: the same threads and the same sizes of messages, nothing else.
    sizes = {"receive": bounds.received_bytes, "send": bounds.sent_bytes}
    options = [(f"grpc.max_{which}_message_length", size) for which, size in sizes.items()]
    direct = grpc.server(ThreadPoolExecutor(bounds.threads), options=options)
    milvus_pb2_grpc.add_MilvusServiceServicer_to_server(database, direct)
    direct_port = direct.add_insecure_port("127.0.0.1:0")
    direct.start()
    behind_door.start()
    print(direct_port, place.port, flush=True)
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
