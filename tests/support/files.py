"""Looking for something in every byte of a folder."""

import base64
from pathlib import Path


def files_with(folder: Path, text: str) -> set[str]:
    """Name the files that hold a text: as it is, in another case, in UTF-16, base64 or hex."""
    needles = _ways_to_write(text)
    return {
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and any(needle in path.read_bytes().lower() for needle in needles)
    }


def _ways_to_write(text: str) -> list[bytes]:
    plain = text.encode()
    inside = [base64.b64encode(b"x" * shift + plain)[4:-4] for shift in range(3)]
    written = [plain, text.encode("utf-16-le"), plain.hex().encode(), *inside]
    return [needle.lower() for needle in written]
