"""A ledger written by hand: chained lines in a file, each on the disk before the next is begun."""

import hashlib
import json
import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any


class LedgerByHand:
    """Appends lines; it is alone, so it keeps the end in mind and locks nothing."""

    def __init__(self, path: Path) -> None:
        """Begin a file."""
        self.file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
        self.number, self.chain = 0, "0" * 64

    def append(self, kind: str, body: Mapping[str, Any], now: datetime) -> int:
        """Write a line, wait for the disk, and give its number."""
        self.number += 1
        content = {"n": self.number, "at": now.isoformat(), "kind": kind, "body": body}
        text = json.dumps(content, sort_keys=True)
        self.chain = hashlib.sha256(f"{self.chain}\n{text}".encode()).hexdigest()
        os.write(self.file, json.dumps(content | {"chain": self.chain}).encode() + b"\n")
        os.fsync(self.file)
        return self.number
