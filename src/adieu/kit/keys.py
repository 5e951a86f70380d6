"""The keys of this installation: given as settings, or made once and kept in the data folder.

All else is derived from the root key; the peppers stand alone, because claim keys must outlive it (Rule C4).
"""

import hashlib
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path

from adieu.kit.errors import UnableToStart

FOLDER = "keys"
ROOT = "root.key"
PEPPER = "pepper-1.key"
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
    for name, is_given in ((ROOT, is_root_given), (PEPPER, is_pepper_given)):
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
        KeyUnusable: as for `root_key`, or the setting contradicts the file: with another pepper,
            everyone who left could come back.
    """
    if given is None:
        return {1: _kept(data_dir, PEPPER).encode()}
    if 1 in given and _file(data_dir, PEPPER).exists() and _kept(data_dir, PEPPER) != given[1]:
        raise KeyUnusable(
            f"ADIEU_PEPPER: is not the pepper of this data, which is in {_file(data_dir, PEPPER)}."
        )
    return {version: pepper.encode() for version, pepper in given.items()}


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
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    fresh.touch(mode=0o600)
    fresh.write_text(secrets.token_hex(CHARACTERS // 2) + "\n", encoding="ascii")
    # Two processes that start at once: the hard link lets one of them win, and both read the winner's key.
    try:
        path.hardlink_to(fresh)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
