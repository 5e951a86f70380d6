"""The keys of this installation: given as settings, or made once and kept in the data folder.

All else is derived from the root key, but for the peppers, because claim keys must outlive it (Rule C4), and
for the keys that sign receipts and heads of their log, because others hold their public parts (Rule L3).
"""

import hashlib
import os
import secrets
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from adieu.kit.errors import UnableToStart

FOLDER = "keys"
ROOT = "root.key"
# What turns addresses into claim keys, what signs receipts, and what signs heads of the log of receipts; each
# in numbered versions.
PEPPER, RECEIPT, LOG = "pepper", "receipt", "log"
CHARACTERS = 64


class KeyUnusable(UnableToStart):
    """A key file cannot be used."""


def prepare_data_folder(folder: Path) -> None:
    """Make the data folder, for our eyes only.

    Raises:
        UnableToStart: it cannot be made or written.
    """
    try:
        (folder / FOLDER).mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        (folder / FOLDER).chmod(0o700)
    except OSError as error:
        raise UnableToStart(f"ADIEU_DATA_DIR: {folder} cannot be used ({error.strerror}).") from None


def refuse_missing(*, data_dir: Path, is_root_given: bool, is_pepper_given: bool) -> None:
    """Make sure that there are keys, for what must not begin an installation by making new ones.

    Raises:
        KeyUnusable: one is neither given nor there.
    """
    firsts = [(_version(purpose, 1), False) for purpose in (RECEIPT, LOG)]
    for name, is_given in ((ROOT, is_root_given), (_version(PEPPER, 1), is_pepper_given), *firsts):
        path = _file(data_dir, name)
        if not is_given and not path.exists():
            raise KeyUnusable(
                f"The key file {path} is not there; bring it from where this installation was made, or begin"
                " a new one with `adieu serve` or `adieu migrate`."
            )


def root_key(*, data_dir: Path, given: str | None) -> bytes:
    """Return the key that all other keys are derived from.

    Raises:
        KeyUnusable: its file is readable by others, damaged, or gone although the data is there.
    """
    text = given or _kept(data_dir, ROOT)
    # A given key may be text of any kind; what is derived from it wants a uniform one.
    return hashlib.sha256(b"adieu root\0" + text.encode()).digest()


def peppers(*, data_dir: Path, given: Mapping[int, str] | None) -> dict[int, bytes]:
    """Return the peppers by version; the highest one is in use (Rule C4).

    Raises:
        KeyUnusable: as for `root_key`, an earlier version is gone, or the setting contradicts a file: with
            another pepper, everyone who left could come back.
    """
    if given is None:
        return {version: text.encode() for version, text in _all_kept(data_dir, PEPPER).items()}
    for version, pepper in given.items():
        path = _file(data_dir, _version(PEPPER, version))
        if path.exists() and _kept(data_dir, path.name) != pepper:
            raise KeyUnusable(f"ADIEU_PEPPER: is not the pepper of this data, which is in {path}.")
    return {version: pepper.encode() for version, pepper in given.items()}


def signing_seeds(*, data_dir: Path, purpose: str) -> dict[int, bytes]:
    """Return the Ed25519 seeds of a purpose by version (RFC 8032); the highest one signs, all are published.

    They are read anew each time, so that a rotation needs no restart.

    Args:
        data_dir: The data folder.
        purpose: `RECEIPT` or `LOG`.

    Raises:
        KeyUnusable: as for `root_key`, or an earlier version is gone: what it signed could not be checked.
    """
    return {
        version: _seed(text, _file(data_dir, _version(purpose, version)))
        for version, text in _all_kept(data_dir, purpose).items()
    }


def prepare_signing_keys(folder: Path) -> None:
    """Make the first signing keys, and make sure of those that there are.

    Raises:
        KeyUnusable: as for `signing_seeds`.
    """
    for purpose in (RECEIPT, LOG):
        signing_seeds(data_dir=folder, purpose=purpose)


def make_next(*, data_dir: Path, purpose: str) -> int:
    """Make the next version of a key, and give its number; it is durable when this returns.

    Raises:
        KeyUnusable: the versions before cannot be used, or the new one cannot be written.
    """
    version = max(_all_kept(data_dir, purpose)) + 1
    path = _file(data_dir, _version(purpose, version))
    try:
        _write(path)
    except OSError as error:
        raise KeyUnusable(f"The key file {path} cannot be written ({type(error).__name__}).") from None
    return version


def _all_kept(data_dir: Path, purpose: str) -> dict[int, str]:
    """Read every version of a key; the first is made where there is none."""
    found = (path.stem.removeprefix(f"{purpose}-") for path in (data_dir / FOLDER).glob(f"{purpose}-*.key"))
    versions = {int(number) for number in found if number.isdecimal()}
    for version in range(1, max(versions, default=0)):
        if version not in versions:
            path = _file(data_dir, _version(purpose, version))
            raise KeyUnusable(f"The key file {path} is gone; bring it back from a backup.")
    return {version: _kept(data_dir, _version(purpose, version)) for version in sorted(versions or {1})}


def _version(purpose: str, version: int) -> str:
    return f"{purpose}-{version}.key"


def _seed(text: str, path: Path) -> bytes:
    try:
        seed = bytes.fromhex(text)
    except ValueError:
        seed = b""
    if len(seed) != CHARACTERS // 2:
        raise KeyUnusable(f"The key file {path} is damaged; bring it back from a backup.")
    return seed


def _file(data_dir: Path, name: str) -> Path:
    return data_dir / FOLDER / name


def _kept(data_dir: Path, name: str) -> str:
    path = _file(data_dir, name)
    try:
        if not path.exists():
            _make(path, data_dir)
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise KeyUnusable(f"The key file {path} is open to others than its owner (chmod 600 {path}).")
        text = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise KeyUnusable(f"The key file {path} cannot be read ({type(error).__name__}).") from None
    if len(text) < CHARACTERS:
        raise KeyUnusable(f"The key file {path} is damaged; bring it back from a backup.")
    return text


def _make(path: Path, data_dir: Path) -> None:
    # A new key beside old data would let everyone who left come back, and lock everyone else out.
    # The vault is looked for, too: with PostgreSQL it is the only database in this folder.
    if any((data_dir / name).exists() for name in ("adieu.sqlite3", "vault.sqlite3")):
        raise KeyUnusable(f"The key file {path} is gone, but its data is there; bring it back from a backup.")
    _write(path)


def _write(path: Path) -> None:
    """Write a fresh key under a name, unless another process was faster; it is durable when this returns."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    fresh.touch(mode=0o600)
    try:
        with fresh.open("w", encoding="ascii") as file:
            file.write(secrets.token_hex(CHARACTERS // 2) + "\n")
            file.flush()
            os.fsync(file.fileno())
        # Two processes that start at once: the hard link lets one win, and both read the winner's key.
        with suppress(FileExistsError):
            path.hardlink_to(fresh)
    finally:
        fresh.unlink()
    _sync(path.parent)


def _sync(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
