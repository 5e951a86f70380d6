"""What a cluster is called on the server, and the password of its own user.

The name is made of the cluster's id, so whoever deletes the cluster knows it also when its folder is lost.
"""

import base64
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

PASSWORD = "password"  # noqa: S105 - the name of a file
MADE = "made"
AWAY = "away"


@dataclass(frozen=True)
class Access:
    """A cluster's database, user and role, which have one name, and the user's password."""

    name: str
    password: str = field(repr=False)

    @property
    def token(self) -> str:
        return f"{self.name}:{self.password}"


def name_of(cluster_id: UUID) -> str:
    """Give the name of a cluster on the server: 32 characters, as many as Milvus lets a user have."""
    return "adieu_" + base64.b32encode(cluster_id.bytes).decode().rstrip("=").lower()


def is_begun(folder: Path) -> bool:
    """Tell whether anything of a cluster may be on the server."""
    return (folder / PASSWORD).exists()


def is_made(folder: Path) -> bool:
    """Tell whether all of a cluster is on the server."""
    return (folder / MADE).exists() and is_begun(folder)


def begin(cluster_id: UUID, folder: Path, *, make_password: Callable[[], str]) -> Access:
    """Give the access of a cluster, with a password that is on disk before the server learns of it."""
    if not is_begun(folder):
        _write(folder / PASSWORD, make_password())
    return read(cluster_id, folder)


def read(cluster_id: UUID, folder: Path) -> Access:
    """Give the access of a cluster that was begun."""
    return Access(name_of(cluster_id), (folder / PASSWORD).read_text(encoding="ascii"))


def note_made(folder: Path) -> None:
    """Note that all of a cluster is on the server."""
    _write(folder / MADE, "")


def _write(file: Path, text: str) -> None:
    """Write a file for its owner's eyes, whole or not at all, durably."""
    new = file.with_suffix(".new")
    new.unlink(missing_ok=True)
    handle = os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as opened:
        opened.write(text)
        opened.flush()
        os.fsync(opened.fileno())
    new.replace(file)
    folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
