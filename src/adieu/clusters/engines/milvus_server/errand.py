"""`python -m adieu.clusters.engines.milvus_server.errand make|drop URI`: an errand to the server as its root.

The token comes as the first line of the input. A process of its own has it only as long as it needs it, ends
with whoever sent it, and can be ended when the server hangs.
"""

import logging
import os
import secrets
import sys
import threading
from contextlib import suppress
from typing import Any

from adieu.clusters.engines import Place
from adieu.clusters.engines.process.endings import Ending, UnableToServe
from adieu.clusters.engines.process.messages import keep_client_out
from adieu.clusters.engines.process.words import place_of

MAKE, DROP = "make", "drop"
MESSAGE_BYTES = 16 * 2**20
FULL = ("exceed", "limit", "maximum")


def main() -> int:
    """Do what the first word says, and return the exit code."""
    errand, uri, place = sys.argv[1], sys.argv[2], place_of(sys.argv[3:])
    token = sys.stdin.readline().rstrip("\n")
    threading.Thread(target=_end_with_sender, daemon=True).start()
    keep_client_out()
    try:
        _run(errand, uri, token, place)
    except UnableToServe as unable:
        return int(unable.ending)
    return int(Ending.TOLD)


def _run(errand: str, uri: str, token: str, place: Place) -> None:
    import grpc

    from adieu.clusters.engines.milvus_server.keeping import Keeping, Refused
    from adieu.clusters.engines.milvus_server.server import open_channel
    from adieu.clusters.engines.process.log_file import write_into
    from adieu.kit import logs

    if place.folder.is_dir():
        write_into(place.folder)
    try:
        with open_channel(uri, most_sent=MESSAGE_BYTES, most_received=MESSAGE_BYTES) as channel:
            _do(errand, Keeping(channel, token), place)
    except Refused as refused:
        logs.record(
            "cluster.server_refused",
            level=logging.ERROR,
            cluster=place.cluster_id,
            request=refused.request,
            code=refused.code,
        )
        is_full = any(word in refused.reason for word in FULL)
        raise UnableToServe(Ending.SERVER_FULL if is_full else Ending.SERVER_REFUSED) from None
    except grpc.RpcError as error:
        code: int = error.code().value[0]
        logs.record(
            "cluster.server_not_reached", level=logging.ERROR, cluster=place.cluster_id, grpc_code=code
        )
        raise UnableToServe(_ending_of(error.code().name)) from None


def _ending_of(code: str) -> Ending:
    """Say what an error of gRPC means for an errand."""
    if code in {"UNAUTHENTICATED", "PERMISSION_DENIED"}:
        return Ending.TOKEN_REFUSED
    # Anything else comes from a server that is there, perhaps one without databases.
    return Ending.SERVER_AWAY if code in {"UNAVAILABLE", "DEADLINE_EXCEEDED"} else Ending.SERVER_REFUSED


def _do(errand: str, keeping: Any, place: Place) -> None:
    from adieu.clusters.engines.milvus_server import access
    from adieu.clusters.engines.process.serving import use_folder

    if errand == DROP:
        keeping.drop(access.name_of(place.cluster_id))
        return
    # For this process alone: another one may be left over from a runner that was killed.
    use_folder(place)
    own = access.begin(place.cluster_id, place.folder, make_password=lambda: secrets.token_urlsafe(24))
    keeping.make(own)
    access.note_made(place.folder)


def _end_with_sender() -> None:
    # The system closes the other end however the sender went.
    with suppress(OSError):
        while os.read(sys.stdin.fileno(), 64):
            pass
    os._exit(Ending.CUT_SHORT)


if __name__ == "__main__":
    os._exit(main())
