"""A cluster calls nobody.

milvus-lite can have texts embedded and results ranked by a service whose address is written into a
collection. Whoever may use a cluster could so have this machine ask any address that it reaches.
"""

import sys

REFUSED = frozenset({"socket.connect", "urllib.Request"})


class CallsNobody(PermissionError):
    """A cluster calls no other service."""

    def __init__(self) -> None:
        super().__init__("A cluster calls no other service.")


def call_nobody() -> None:
    """Refuse every connection that Python code of this process makes, for good.

    The driver of PostgreSQL connects by itself, so the door can still ask.
    """
    sys.addaudithook(_refuse)


def _refuse(event: str, _: tuple[object, ...]) -> None:
    if event in REFUSED:
        raise CallsNobody
