"""Looking for a person in every byte of files: as it is, and through what may hide it.

A scanner is given markers: words that nobody else writes, of small letters only, so that escapes of other
letters leave them alone. Each is looked for in the ways in which software writes text, and once more in
whatever can be decoded: escapes, base64, hex, zlib and gzip, one inside the other.
"""

import base64
import binascii
import hashlib
import re
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

DEEPEST = 3
SHORTEST_RUN = 16
LONGEST_UNPACKED = 4 * 1024 * 1024
PIECE = 16

ENCODED = re.compile(rb"[A-Za-z0-9+/_-]{%d,}(?:\r?\n[A-Za-z0-9+/_-]{4,})*" % SHORTEST_RUN)
IN_HEX = re.compile(rb"(?:[0-9a-fA-F]{2}){%d,}" % SHORTEST_RUN)
PRINTABLE = re.compile(rb"[\t\n\r\x20-\x7e]{%d,}" % SHORTEST_RUN)
# The heads of gzip, and of zlib at each of its levels.
PACKED = re.compile(rb"\x1f\x8b\x08|\x78[\x01\x5e\x9c\xda]")

# The alphabet of addresses, in that of mail.
FOR_MAIL = bytes.maketrans(b"-_", b"+/")

ESCAPES = {
    "backslash escapes": re.compile(rb"\\u00([0-9a-f]{2})|\\x([0-9a-f]{2})", re.IGNORECASE),
    "percent-encoding": re.compile(rb"%([0-9a-f]{2})", re.IGNORECASE),
    "quoted-printable": re.compile(rb"=\r?\n|=([0-9a-f]{2})", re.IGNORECASE),
    "HTML references": re.compile(rb"&#(?:x([0-9a-f]{2})|([0-9]{2,3}));", re.IGNORECASE),
}


@dataclass(frozen=True)
class Hit:
    """Where a marker was found, how it was written, and the text around it."""

    file: str
    marker: str
    way: str
    around: str


@dataclass
class Scanner:
    """Looks for markers and counts what it looked at."""

    markers: tuple[str, ...]
    scanned_bytes: int = 0
    scanned_files: int = 0
    _needles: list[tuple[str, str, bytes, bool]] = field(default_factory=list)
    _split: list[tuple[str, re.Pattern[bytes]]] = field(default_factory=list)
    _known: dict[bytes, list[tuple[str, str, str]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for marker in self.markers:
            self._needles += [(marker, *way) for way in _ways_to_write(marker)]
            self._split.append((marker, _split_by_control_bytes(marker)))

    def scan(self, folder: Path, *, leave_out: tuple[str, ...] = ()) -> list[Hit]:
        """Look into every file of a folder.

        Args:
            leave_out: starts of names of files and folders that are not looked into.
        """
        return [hit for path in _files(folder, leave_out) for hit in self._in(path)]

    def in_text(self, text: str, *, name: str) -> list[Hit]:
        """Look into what a process printed."""
        return self.in_bytes(text.encode(errors="surrogateescape"), name=name)

    def in_bytes(self, content: bytes, *, name: str) -> list[Hit]:
        """Look into bytes; the same bytes are looked through once."""
        self.scanned_bytes += len(content)
        key = hashlib.blake2b(content, digest_size=16).digest()
        if key not in self._known:
            # Log segments of PostgreSQL are mostly zeros.
            found = self._look(content.rstrip(b"\0"), way="", depth=0, seen=frozenset())
            self._known[key] = list(dict.fromkeys(found))
        return [Hit(name, *found) for found in self._known[key]]

    def look_also_for(self, secret: str) -> None:
        """Look for one more secret from now on."""
        self._needles.append((secret, "as it is", secret.lower().encode(), False))
        self._known.clear()

    def _in(self, path: Path) -> list[Hit]:
        # A file may go between the listing and the look.
        with suppress(FileNotFoundError):
            self.scanned_files += 1
            return self.in_bytes(path.read_bytes(), name=str(path))
        return []

    def _look(
        self, content: bytes, *, way: str, depth: int, seen: frozenset[str]
    ) -> Iterator[tuple[str, str, str]]:
        found = [(marker, name, place) for marker, name, place in self._places(content) if marker not in seen]
        for marker, name, place in found:
            yield marker, f"{way} > {name}".removeprefix(" > "), _around(content, place)
        if depth == DEEPEST:
            return
        # What stands there plainly is told once, not again for each way of decoding around it.
        seen |= {marker for marker, _, _ in found}
        for name, inside in _decoded(content):
            inner = f"{way} > {name}".removeprefix(" > ")
            yield from self._look(inside, way=inner, depth=depth + 1, seen=seen)

    def _places(self, content: bytes) -> Iterator[tuple[str, str, int]]:
        small = content.lower()
        for marker, name, needle, is_exact in self._needles:
            place = (content if is_exact else small).find(needle)
            if place >= 0:
                yield marker, name, place
        for marker, pattern in self._split:
            if match := pattern.search(content):
                yield marker, "PostgreSQL's compression", match.start()


def _ways_to_write(marker: str) -> Iterator[tuple[str, bytes, bool]]:
    small = marker.lower()
    yield "as it is", small.encode(), False
    yield "UTF-16", small.encode("utf-16-le"), False
    yield "UTF-32", small.encode("utf-32-le"), False
    for text in (marker, marker.upper(), marker.capitalize()):
        yield "hex", text.encode().hex().encode(), False
        for shift in range(3):
            inside = _inside_base64(text.encode(), shift)
            for way in {inside, inside.translate(bytes.maketrans(b"+/", b"-_"))}:
                yield "base64", way, True


def _inside_base64(plain: bytes, shift: int) -> bytes:
    """Give the letters that do not depend on what stands before and behind."""
    written = base64.b64encode(b"x" * shift + plain)
    first = -(-shift * 4 // 3)
    return written[first : (shift + len(plain)) * 4 // 3]


def _split_by_control_bytes(marker: str) -> re.Pattern[bytes]:
    """Find a marker that PostgreSQL compressed: new letters stand there, with a byte after each eight.

    Source: https://github.com/postgres/postgres/blob/master/src/common/pg_lzcompress.c
    """
    letters = [re.escape(bytes([letter])) for letter in marker.encode()]
    any_byte = b"[\\x00-\\xff]"
    phases = [
        b"".join(
            letter + any_byte * (place % 8 == phase and place < len(letters))
            for place, letter in enumerate(letters, start=1)
        )
        for phase in range(8)
    ]
    # The same first letter stands before all of them, which makes the search a fast one.
    return re.compile(letters[0] + b"(?:" + b"|".join(each[len(letters[0]) :] for each in phases) + b")")


def _decoded(content: bytes) -> Iterator[tuple[str, bytes]]:
    text = b"\0".join(PRINTABLE.findall(content))
    for name, pattern in ESCAPES.items():
        plain, count = pattern.subn(_unescaped, text)
        if count:
            yield name, plain
    yield from _all_of("compressed", _unpacked_in(content))
    yield from _all_of("hex", (binascii.unhexlify(run.group()) for run in IN_HEX.finditer(content)))
    runs = [run.translate(FOR_MAIL, b"\r\n") for run in ENCODED.findall(content)]
    # From each of the first four letters: what stands before a run may be no part of it.
    for start in range(4):
        yield from _all_of("base64", (_out_of_base64(run[start:]) for run in runs))


def _all_of(name: str, parts: Iterable[bytes]) -> Iterator[tuple[str, bytes]]:
    # Together, because every look costs as much as a long one.
    if whole := b"\0".join(filter(None, parts)):
        yield name, whole


def _unescaped(match: re.Match[bytes]) -> bytes:
    code = match.group(1) if match.re.groups else None
    if code is None and match.re.groups > 1 and (other := match.group(2)) is not None:
        is_decimal = match.re is ESCAPES["HTML references"]
        return bytes([int(other, 10 if is_decimal else 16) & 0xFF])
    return bytes([int(code, 16)]) if code else b""


def _out_of_base64(run: bytes) -> bytes:
    # A single letter left over is no byte yet.
    whole = run[: len(run) - (len(run) % 4 == 1)]
    return base64.b64decode(whole + b"=" * (-len(whole) % 4))


def _unpacked_in(content: bytes) -> Iterator[bytes]:
    view = memoryview(content)
    return (_unpacked(view[match.start() :]) for match in PACKED.finditer(content))


def _unpacked(packed: memoryview) -> bytes:
    """Unpack as far as it goes: what is cut off may begin with a name."""
    machine = zlib.decompressobj(wbits=47)
    parts: list[bytes] = []
    with suppress(zlib.error):
        for start in range(0, min(len(packed), LONGEST_UNPACKED), PIECE):
            parts.append(machine.decompress(packed[start : start + PIECE]))
            if machine.eof:
                break
    return b"".join(parts)


def _around(content: bytes, place: int) -> str:
    return content[max(0, place - 40) : place + 60].decode("ascii", errors="replace")


def _files(folder: Path, leave_out: tuple[str, ...]) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        is_left_out = any(part.startswith(leave_out) for part in path.relative_to(folder).parts)
        if path.is_file() and not path.is_symlink() and not is_left_out:
            yield path
