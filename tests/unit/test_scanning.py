"""The scanner that proves that nothing is left sees what is there, however it is written."""

import base64
import binascii
import gzip
import json
import pickle
import quopri
import urllib.parse
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core import signing

from tests.support.scanning import Scanner

MARKER = "qzscanutep"
TEXT = f"Zoë <{MARKER}> Åström"
# Enough around it for what compresses, and for what breaks lines.
LONG = f"{'Grüße aus dem Garten. ' * 9}{TEXT}{' Bis bald, und danke für alles.' * 9}"
KEY = "a key of a test"


def scanned(content: bytes) -> bool:
    """Scan bytes that stand in the middle of others."""
    around = bytes(range(256))
    return bool(Scanner((MARKER,)).in_bytes(around + content + around, name="planted"))


WAYS: dict[str, Callable[[str], bytes]] = {
    "as it is": str.encode,
    "large letters": lambda text: text.upper().encode(),
    "UTF-16": lambda text: text.encode("utf-16-le"),
    "UTF-16, the other way round": lambda text: text.encode("utf-16-be"),
    "UTF-32": lambda text: text.encode("utf-32-le"),
    "hex": lambda text: text.encode().hex().encode(),
    "large hex": lambda text: text.encode().hex().upper().encode(),
    "JSON": lambda text: json.dumps({"name": text}).encode(),
    "JSON, every letter": lambda text: "".join(f"\\u{ord(letter):04x}" for letter in text).encode(),
    "Python's escapes": lambda text: "".join(f"\\x{byte:02x}" for byte in text.encode()).encode(),
    "percent-encoding": lambda text: urllib.parse.quote(text).encode(),
    "percent-encoding, every letter": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()).encode(),
    "HTML references": lambda text: "".join(f"&#{ord(letter)};" for letter in text).encode(),
    "HTML references in hex": lambda text: "".join(f"&#x{ord(letter):x};" for letter in text).encode(),
    "quoted-printable": lambda text: quopri.encodestring(text.encode()),
    "quoted-printable, every letter": lambda text: "".join(f"={b:02X}" for b in text.encode()).encode(),
    "base64": lambda text: base64.b64encode(text.encode()),
    "base64, shifted by one": lambda text: base64.b64encode(b"." + text.encode()),
    "base64, shifted by two": lambda text: base64.b64encode(b".." + text.encode()),
    "base64 of large letters": lambda text: base64.b64encode(text.upper().encode()),
    "base64 in lines, as in mail": lambda text: base64.encodebytes(text.encode()),
    "base64 for addresses": lambda text: base64.urlsafe_b64encode(text.encode()),
    "base64 twice": lambda text: base64.b64encode(base64.b64encode(text.encode())),
    "zlib": lambda text: zlib.compress(text.encode()),
    "zlib, strongest": lambda text: zlib.compress(text.encode(), 9),
    "gzip": lambda text: gzip.compress(text.encode()),
    "zlib that is cut off": lambda text: zlib.compress(text.encode() * 90)[:200],
    "pickle": pickle.dumps,
    "a pickle in base64, as in Django's cache": lambda text: base64.b64encode(pickle.dumps({"a": [text]})),
    "a signed session of Django": lambda text: signing.dumps({"name": text}, key=KEY).encode(),
    "a signed and compressed session of Django": lambda text: signing.dumps(
        {"name": text}, key=KEY, compress=True
    ).encode(),
    "gzip in base64 in JSON": lambda text: json.dumps(
        {"body": base64.b64encode(gzip.compress(text.encode())).decode()}
    ).encode(),
    "zlib in hex": lambda text: binascii.hexlify(zlib.compress(text.encode())),
    "compressed by PostgreSQL": lambda text: compressed_by_postgresql(text.encode()),
}


def compressed_by_postgresql(plain: bytes) -> bytes:
    """Write bytes as pglz does where nothing repeats: a control byte, then eight letters."""
    return b"".join(b"\0" + plain[start : start + 8] for start in range(0, len(plain), 8))


@pytest.mark.parametrize("text", [TEXT, LONG, MARKER], ids=["short", "long", "alone"])
@pytest.mark.parametrize("way", WAYS)
def test_it_sees_a_marker_however_it_is_written(way: str, text: str) -> None:
    assert scanned(WAYS[way](text))


@pytest.mark.parametrize("start", range(8))
def test_it_sees_through_postgresql_wherever_the_marker_begins(start: int) -> None:
    assert scanned(compressed_by_postgresql(b"." * start + MARKER.encode() + b"..."))


@pytest.mark.parametrize("way", WAYS)
def test_it_sees_nothing_where_nothing_is(way: str) -> None:
    assert not scanned(WAYS[way](TEXT.replace(MARKER, "qzscanutip")))


@pytest.mark.parametrize("name", ["vault.sqlite3", "vault.sqlite3-wal", "deep/below/x", ".hidden", "log"])
def test_it_looks_into_every_file(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"\0" * 5000 + TEXT.encode())
    scanner = Scanner((MARKER, "2001:db8:5ca:1::2"))
    (hit,) = scanner.scan(tmp_path)
    assert hit.file == str(file)
    assert hit.marker == MARKER
    assert (scanner.scanned_files, scanner.scanned_bytes) == (1, file.stat().st_size)
    assert not scanner.scan(tmp_path, leave_out=(file.name,))
    assert not scanner.scan(tmp_path, leave_out=(name.split("/", maxsplit=1)[0],))


def test_it_sees_secrets_of_both_cases() -> None:
    assert Scanner(("aB3dE6gH9jK2",)).in_bytes(b"...aB3dE6gH9jK2...", name="planted")


def test_it_looks_for_a_secret_that_is_told_later(tmp_path: Path) -> None:
    scanner = Scanner((MARKER,))
    assert not scanner.in_bytes(b"...aB3dE6gH9jK2...", name="planted")
    scanner.look_also_for("aB3dE6gH9jK2")
    assert scanner.in_bytes(b"...aB3dE6gH9jK2...", name="planted")
