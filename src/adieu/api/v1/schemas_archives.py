"""The shapes of the archive of one's data."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from ninja import Schema


class ArchiveOut(Schema):
    """How far the archive is; `problem` says why one could not be built."""

    id: UUID
    state: Literal["waiting", "building", "ready", "failed"]
    asked_at: datetime
    tables_done: int
    tables_total: int
    size: int
    ready_at: datetime | None
    expires_at: datetime | None
    problem: Literal["disk_full", "other"] | None
    download_url: str | None
