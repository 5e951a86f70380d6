"""A cluster calls nobody.

milvus-lite can have texts embedded and results ranked by a service whose address is written into a
collection. Whoever may use a cluster could so have this machine ask any address that it reaches.
"""

import os
import socket
import sys
from pathlib import Path

CONNECT = "socket.connect"
REFUSED = frozenset({CONNECT, "urllib.Request"})


class CallsNobody(PermissionError):
    """A cluster calls no other service."""

    def __init__(self) -> None:
        super().__init__("A cluster calls no other service.")


def call_nobody(*, but: Path) -> None:
    """Refuse every connection that Python code of this process makes, for good, but the one to itself.

    The driver of PostgreSQL connects by itself, so the door can still ask.

    Args:
        but: The socket at which this process itself listens.
    """
    own = os.path.realpath(but)

    def refuse(event: str, given: tuple[object, ...]) -> None:
        if event in REFUSED and not (event == CONNECT and _is_to(own, given)):
            raise CallsNobody

    sys.addaudithook(refuse)


def _is_to(path: str, given: tuple[object, ...]) -> bool:
    caller, address = given
    if (
        not isinstance(caller, socket.socket)
        or caller.family != socket.AF_UNIX
        or not isinstance(address, str)
    ):
        return False
    return os.path.realpath(address) == path
