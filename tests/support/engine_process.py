"""A process of one cluster whose door stands in a file: `TOKEN` a line, and who has no line is refused.

It speaks TLS if there is a certificate beside that file.

`python -m tests.support.engine_process GUESTS --cluster … --folder … --port …`
"""

import os
import sys
import time
from pathlib import Path
from uuid import UUID

from adieu.clusters.doors import Caller, DoorShut
from adieu.clusters.engines.process.messages import keep_client_out
from adieu.clusters.engines.process.words import place_of

ALICE = UUID(int=1)
REASON = "This API key is wrong or was revoked."
# A line of its own: whoever asks waits for ever, or finds nobody to ask.
HANGS, FAILS = "(hangs)", "(fails)"


class Guests:
    """The file, read at each question."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def who_may_use(self, token: str) -> Caller:
        lines = self._file.read_text(encoding="utf-8").splitlines()
        while HANGS in lines:
            time.sleep(3600)
        if FAILS in lines:
            raise OSError
        if token not in lines:
            raise DoorShut(REASON)
        return Caller(ALICE)


def main() -> int:
    guests = Guests(Path(sys.argv[1]))
    place = place_of(sys.argv[2:])
    keep_client_out()
    from adieu.clusters.engines.milvus_lite.opening import open_database
    from adieu.clusters.engines.process.bounds import Bounds
    from adieu.clusters.engines.process.encrypted import Certificate
    from adieu.clusters.engines.process.serving import Keeping, serve

    bounds = Bounds(connections=300, seconds_to_greet=1, seconds_for_body=2, seconds_for_answer=2)
    own = Path(sys.argv[1]).with_name("certificate.pem")
    certificate = Certificate(own, own.with_name("key.pem")) if own.exists() else None
    keeping = Keeping(guests.who_may_use, bounds=bounds, certificate=certificate, seconds_between_beats=0.2)
    return serve(place, keeping, open_database)


if __name__ == "__main__":
    os._exit(main())
