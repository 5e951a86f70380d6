"""Keys are made once, readable by their owner only, and never silently replaced."""

import stat
from pathlib import Path

import pytest

from adieu.kit import keys
from adieu.kit.errors import UnableToStart

LONG = "0123456789abcdef0123456789abcdef"


def test_made_once_and_closed_to_others(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    keys.prepare_data_folder(folder)
    root = keys.root_key(data_dir=folder, given=None)
    pepper = keys.peppers(data_dir=folder, given=None)
    assert keys.root_key(data_dir=folder, given=None) == root
    assert keys.peppers(data_dir=folder, given=None) == pepper
    assert pepper[1] != root
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in [folder, *folder.rglob("*")]}
    assert modes == {"data": 0o700, "keys": 0o700, "root.key": 0o600, "pepper-1.key": 0o600}


def test_of_two_processes_that_make_a_key_at_once_the_first_wins(tmp_path: Path) -> None:
    keys.prepare_data_folder(tmp_path)
    first = keys.root_key(data_dir=tmp_path, given=None)
    # The second one looked before the first one's key was there.
    keys._make(tmp_path / "keys" / "root.key", tmp_path)
    assert keys.root_key(data_dir=tmp_path, given=None) == first
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["root.key"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_open_key_file_is_refused(tmp_path: Path, mode: int) -> None:
    keys.prepare_data_folder(tmp_path)
    keys.root_key(data_dir=tmp_path, given=None)
    (tmp_path / "keys" / "root.key").chmod(mode)
    with pytest.raises(UnableToStart, match="open to others"):
        keys.root_key(data_dir=tmp_path, given=None)


@pytest.mark.parametrize("content", [b"", b"abc\n", b"\xff" * 64])
def test_damaged_key_file_is_refused(tmp_path: Path, content: bytes) -> None:
    keys.prepare_data_folder(tmp_path)
    keys.peppers(data_dir=tmp_path, given=None)
    (tmp_path / "keys" / "pepper-1.key").write_bytes(content)
    with pytest.raises(UnableToStart, match=r"pepper-1\.key (is damaged|cannot be read)"):
        keys.peppers(data_dir=tmp_path, given=None)


def test_no_new_key_beside_old_data(tmp_path: Path) -> None:
    keys.prepare_data_folder(tmp_path)
    (tmp_path / "adieu.sqlite3").touch()
    with pytest.raises(UnableToStart, match="is gone, but its data is there"):
        keys.peppers(data_dir=tmp_path, given=None)
    assert keys.peppers(data_dir=tmp_path, given={1: LONG}) == {1: LONG.encode()}


def test_another_pepper_is_refused(tmp_path: Path) -> None:
    keys.prepare_data_folder(tmp_path)
    kept = keys.peppers(data_dir=tmp_path, given=None)[1].decode()
    with pytest.raises(UnableToStart, match="ADIEU_PEPPER: is not the pepper of this data"):
        keys.peppers(data_dir=tmp_path, given={1: LONG})
    assert set(keys.peppers(data_dir=tmp_path, given={1: kept, 2: LONG})) == {1, 2}


def test_data_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UnableToStart, match=r"ADIEU_DATA_DIR: .* cannot be used"):
        keys.prepare_data_folder(tmp_path / "file" / "data")


@pytest.mark.parametrize("purpose", [keys.RECEIPT, keys.LOG])
def test_signing_keys_are_made_once_and_rotated_by_adding(tmp_path: Path, purpose: str) -> None:
    keys.prepare_data_folder(tmp_path)
    keys.prepare_signing_keys(tmp_path)
    first = keys.signing_seeds(data_dir=tmp_path, purpose=purpose)
    (tmp_path / "adieu.sqlite3").touch()
    assert keys.make_next(data_dir=tmp_path, purpose=purpose) == 2
    both = keys.signing_seeds(data_dir=tmp_path, purpose=purpose)
    assert (both[1], len(both[2])) == (first[1], 32)
    assert both[1] != both[2]
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "keys").iterdir()}
    assert (modes, len(list((tmp_path / "keys").iterdir()))) == ({0o600}, 3)


def test_a_signing_key_that_went_away_or_lies_open_stops_the_start(tmp_path: Path) -> None:
    keys.prepare_data_folder(tmp_path)
    keys.prepare_signing_keys(tmp_path)
    keys.make_next(data_dir=tmp_path, purpose=keys.LOG)
    (tmp_path / "keys" / "log-1.key").unlink()
    with pytest.raises(UnableToStart, match=r"log-1\.key is gone"):
        keys.prepare_signing_keys(tmp_path)
    (tmp_path / "keys" / "receipt-1.key").chmod(0o640)
    with pytest.raises(UnableToStart, match="open to others"):
        keys.prepare_signing_keys(tmp_path)
    (tmp_path / "keys" / "receipt-1.key").unlink()
    (tmp_path / "vault.sqlite3").touch()
    with pytest.raises(UnableToStart, match="is gone, but its data is there"):
        keys.prepare_signing_keys(tmp_path)


@pytest.mark.parametrize("content", ["0" * 63, "x" * 64, "0" * 66])
def test_a_damaged_signing_key_is_refused(tmp_path: Path, content: str) -> None:
    keys.prepare_data_folder(tmp_path)
    keys.prepare_signing_keys(tmp_path)
    (tmp_path / "keys" / "receipt-1.key").write_text(content)
    with pytest.raises(UnableToStart, match=r"receipt-1\.key is damaged"):
        keys.prepare_signing_keys(tmp_path)
