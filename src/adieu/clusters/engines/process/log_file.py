"""The log of one cluster: a small file in its folder, which goes with it.

It follows the rule of every log here: no values, no tokens, no messages of others' code (`kit/logs.py`).
"""

import logging
import logging.handlers
from pathlib import Path

from adieu.kit.logs import OpaqueFormatter, write_crashes_opaquely

NAME = "log"
BYTES = 1_000_000
OLD_FILES = 2


class OpaqueFile(logging.handlers.RotatingFileHandler):
    """Writes to the file, or not at all: Python's own way out prints the message and its values."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - Python's own name
        """Let the line go; a full disk must not end anything here."""


def write_into(folder: Path) -> None:
    """Have everything that this process logs go into its folder from now on."""
    handler = OpaqueFile(folder / NAME, maxBytes=BYTES, backupCount=OLD_FILES, encoding="utf-8")
    handler.setFormatter(OpaqueFormatter())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    ours = logging.getLogger("adieu")
    ours.handlers, ours.propagate = [], True
    ours.setLevel(logging.INFO)
    write_crashes_opaquely()
