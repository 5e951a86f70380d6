"""Static files live under a path that changes with them, so browsers may keep them for ever."""

import hashlib
from pathlib import Path


def static_version(folder: Path) -> str:
    """Return a short digest of all files in a folder."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]
