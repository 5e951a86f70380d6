"""Where the gRPC server of a cluster listens: a socket in the cluster's folder, which nobody else enters."""

import os
from pathlib import Path

NAME = "socket"


def inner_path(folder: Path) -> str:
    """Give a path of the socket that is good for as long as this process lives.

    The path of a socket has room for 107 bytes, and that of a folder may be longer. So it goes through the
    folder as this process holds it open.
    """
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    return f"/proc/self/fd/{handle}/{NAME}"
