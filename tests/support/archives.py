"""Asking for archives, building them, and reading what is in them."""

import csv
import io
import json
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID
from zipfile import ZipFile

from adieu.archives import operations
from adieu.archives.building import build_due


@dataclass(frozen=True)
class Opened:
    """An archive that was downloaded."""

    file: bytes
    json: dict[str, list[dict[str, Any]]]
    csv: dict[str, list[dict[str, str]]]
    columns: dict[str, list[str]]
    readme: str

    @property
    def text(self) -> str:
        """Every word in it."""
        return self.file.decode("latin-1")


def build(now: datetime) -> int:
    """Be the worker: build what is due."""
    return build_due(now=partial(_same, now), random=lambda: 0.0)


def archive_of(account_id: UUID, now: datetime) -> Opened:
    """Ask, let it be built, and open it."""
    operations.ask(account_id=account_id, now=now)
    assert build(now) == 1
    return fetch(account_id, now)


def fetch(account_id: UUID, now: datetime) -> Opened:
    """Open the archive that is ready."""
    found = operations.progress(account_id=account_id, now=now)
    assert found, "there is no archive"
    size, parts = operations.content(account_id=account_id, archive_id=found.id, now=now)
    file = b"".join(parts)
    assert len(file) == size
    return opened(file)


def opened(file: bytes) -> Opened:
    """Read a file as anybody would."""
    with ZipFile(io.BytesIO(file)) as archive:
        assert archive.testzip() is None
        texts = {name: archive.read(name).decode() for name in archive.namelist()}
    names = {name.rpartition(".")[0] for name in texts} - {"README"}
    return Opened(
        file=file,
        json={name: json.loads(texts[f"{name}.json"]) for name in names},
        csv={name: list(_table(texts, name)) for name in names},
        columns={name: list(_table(texts, name).fieldnames or []) for name in names},
        readme=texts["README.txt"],
    )


def _table(texts: dict[str, str], name: str) -> "csv.DictReader[str]":
    return csv.DictReader(io.StringIO(texts[f"{name}.csv"], newline=""))


def _same(moment: datetime) -> datetime:
    return moment
