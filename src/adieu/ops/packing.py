"""What a backup is: one tar file with a manifest and the data of the main database."""

import hashlib
import io
import json
import shutil
import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import IO, Any

from adieu.kit.errors import UnableToStart

FORMAT = 1
MANIFEST, DATA = "manifest.json", "data"
LONGEST_MANIFEST = 1024 * 1024
# What is no text in the manifest.
NO_TEXTS: dict[str, Callable[[Any], Any]] = {
    "format": int,
    "ledger_number": int,
    "migrations": lambda said: {str(app): str(name) for app, name in dict(said).items()},
    "peppers": lambda said: {int(version): str(mark) for version, mark in said.items()},
}


class NotABackup(UnableToStart):
    """The file is no backup."""


@dataclass(frozen=True)
class Remembered:
    """What a database knows of itself: how new it is, and how much of the ledger it has taken in."""

    migrations: Mapping[str, str]
    installation_id: str
    ledger_number: int
    ledger_chain: str
    peppers: Mapping[int, str]


@dataclass(frozen=True)
class Manifest:
    """What is said of a backup, in `manifest.json`."""

    format: int
    made_at: str
    adieu: str
    # As Django calls it: sqlite or postgresql.
    kind: str
    # The latest migration of each app.
    migrations: Mapping[str, str]
    installation_id: str
    ledger_number: int
    ledger_chain: str
    # The marks of the peppers that its addresses stand under, by version.
    peppers: Mapping[int, str]
    # SHA-256 of the data.
    digest: str

    @property
    def remembered(self) -> Remembered:
        """What the data knows of itself."""
        return Remembered(**{each.name: getattr(self, each.name) for each in fields(Remembered)})


def pack(target: Path, manifest: Manifest, data: Path) -> None:
    """Write a backup."""
    said = json.dumps(asdict(manifest), indent=2).encode()
    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(_member(MANIFEST, len(said)), io.BytesIO(said))
        with data.open("rb") as file:
            archive.addfile(_member(DATA, data.stat().st_size), file)


def read_manifest(source: Path) -> Manifest:
    """Read what is said of a backup.

    Raises:
        NotABackup: it is none, or of a newer format.
    """
    with _opened(source) as archive:
        return _manifest_in(archive, source)


def unpack(source: Path, manifest: Manifest, target: Path) -> None:
    """Write the data of a backup into a file for our eyes only.

    Raises:
        NotABackup: it is not what the manifest says, or cannot be read or written.
    """
    with _opened(source) as archive, target.open("wb") as file:
        target.chmod(0o600)
        shutil.copyfileobj(_file_in(archive, DATA), file)
    if digest_of(target) != manifest.digest:
        raise NotABackup(f"{source} is damaged: its data is not what was written.")


@contextmanager
def _opened(source: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(source, "r:") as archive:
            yield archive
    except OSError as error:
        raise NotABackup(f"{source} cannot be unpacked ({error.strerror}).") from None
    except (tarfile.TarError, KeyError) as error:
        raise NotABackup(f"{source} is no backup of Adieu, or a part of it is missing.") from error


def digest_of(path: Path) -> str:
    """Give the digest that the manifest holds."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    return member


def _file_in(archive: tarfile.TarFile, name: str) -> IO[bytes]:
    member = archive.getmember(name)
    # A link may lead to itself, and a sparse file may be of any size.
    file = archive.extractfile(member) if member.isreg() and not member.issparse() else None
    if file is None:
        raise KeyError(name)
    return file


def _manifest_in(archive: tarfile.TarFile, source: Path) -> Manifest:
    try:
        said: dict[str, Any] = json.loads(_file_in(archive, MANIFEST).read(LONGEST_MANIFEST))
        if int(said["format"]) > FORMAT:
            raise NotABackup(
                f"{source} has format {said['format']}, and this version of Adieu knows {FORMAT}; restore it"
                f" with Adieu {said['adieu']} or newer."
            )
        names = [each.name for each in fields(Manifest)]
        return Manifest(**{name: NO_TEXTS.get(name, str)(said[name]) for name in names})
    except (AttributeError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise NotABackup(f"{source} is no backup of Adieu.") from error
