"""Anybody can check a receipt without us, also after a rotation: `adieu receipt`, `adieu keys` (Rule L3)."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from io import StringIO
from pathlib import Path
from shutil import copytree

import pytest
from django.conf import settings
from django.test import Client, override_settings

from adieu.core.receipts import LONGEST_FILE, ReceiptFile, read_keys
from adieu.deletion.models import DeletionRequest
from adieu.deletion.receipts import published_keys, receipt_file
from adieu.kit import keys
from adieu.ledger.opening import open_ledger
from adieu.ops import vaults
from adieu.ops.main import main
from tests.support.ledgers import hide_ledger, place_for_a_ledger, show_ledger
from tests.support.people import join, leave, work

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

ALICE, BOB = "alice@example.org", "bob@example.org"
SECONDS = 60
type Said = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _installation(tmp_path: Path, now: datetime) -> Iterator[None]:
    """A ledger and signing keys of its own."""
    vaults.pair()
    copytree(settings.ADIEU.data_dir / keys.FOLDER, tmp_path / "data" / keys.FOLDER)
    with (
        place_for_a_ledger(tmp_path) as store,
        override_settings(ADIEU=replace(settings.ADIEU, data_dir=tmp_path / "data")),
    ):
        open_ledger(store=store, now=now)
        yield


def left(address: str, now: datetime) -> ReceiptFile:
    deletion_id = leave(join(address, now), address, now)
    work(now)
    file = receipt_file(deletion_id=deletion_id)
    assert file
    return file


@pytest.fixture
def kept(tmp_path: Path, now: datetime) -> Path:
    """The receipt that Alice kept."""
    path = tmp_path / "receipt.json"
    path.write_text(left(ALICE, now).text)
    return path


def verify(path: Path, *options: str) -> int:
    return main(["receipt", "verify", str(path), *options])


def test_a_receipt_is_genuine_and_says_what_it_says(kept: Path, capsys: Said) -> None:
    assert verify(kept) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "This receipt is genuine."
    assert said[2] == "In its log:  number 1 of 1"
    completed_at = DeletionRequest.objects.get().completed_at
    assert completed_at
    # On PostgreSQL a step waits for whoever still reads the vault, so it may be seconds later.
    assert f"Completed:   {completed_at.isoformat()}" in said
    assert "Erased:      1 account" in said
    assert [line for line in said if line.startswith("Stays:")]


def test_it_is_checked_where_no_installation_is(kept: Path, tmp_path: Path) -> None:
    """Offline, with the keys that were published; nothing is made."""
    published, nowhere = tmp_path / "keys.json", tmp_path / "nowhere"
    published.write_text(published_keys().text)
    command = [
        sys.executable,
        "-m",
        "adieu.ops.main",
        "receipt",
        "verify",
        str(kept),
        "--keys",
        str(published),
    ]
    environ = {"ADIEU_DATA_DIR": str(nowhere), "PYTHONPATH": "src"}
    ended = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("This receipt is genuine.\n")
    assert not nowhere.exists()


def test_whose_it_is_can_be_checked_by_who_has_it(
    kept: Path, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", StringIO(f"Alice@EXAMPLE.org\n{BOB}\nnobody\n"))
    assert verify(kept, "--address") == 0
    assert "Of:          the address you named" in capsys.readouterr().out
    assert verify(kept, "--address") == 1
    assert capsys.readouterr().err == "adieu: The receipt is genuine, and it is NOT about this address.\n"
    assert verify(kept, "--address") == 1


def test_a_rotation_lets_new_keys_sign_and_old_receipts_stay_genuine(
    kept: Path, tmp_path: Path, now: datetime, capsys: Said
) -> None:
    before = tmp_path / "before.json"
    before.write_text(published_keys().text)
    assert main(["keys", "rotate", "receipts"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("Receipts are signed with keys/receipt-2.key from now on.\nHeads of their log are")
    modes = {path.stat().st_mode & 0o777 for path in (settings.ADIEU.data_dir / keys.FOLDER).glob("*-2.key")}
    assert modes == {0o600}
    later = tmp_path / "later.json"
    later.write_text(left(BOB, now).text)
    assert (verify(kept), verify(later)) == (0, 0)
    assert (verify(kept, "--keys", str(before)), verify(later, "--keys", str(before))) == (0, 1)


def test_keys_are_published_for_everybody_and_without_their_secrets(client: Client, capsys: Said) -> None:
    answer = client.get("/.well-known/adieu-keys.json")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    assert answer["Cache-Control"] == "public, max-age=3600"
    assert not answer.cookies
    text = answer.content.decode()
    assert read_keys(text) == published_keys()
    assert main(["keys", "publish"]) == 0
    assert capsys.readouterr().out == text
    for purpose in (keys.RECEIPT, keys.LOG):
        seeds = keys.signing_seeds(data_dir=settings.ADIEU.data_dir, purpose=purpose)
        assert not [seed for seed in seeds.values() if seed.hex() in text]
    assert [set(key) for key in json.loads(text)["keys"]] == [{"kty", "crv", "x", "kid", "alg", "use"}]


def test_while_the_ledger_is_away_nothing_is_published(client: Client, kept: Path, capsys: Said) -> None:
    hide_ledger()
    assert client.get("/.well-known/adieu-keys.json").status_code == 503
    capsys.readouterr()
    assert (main(["keys", "publish"]), verify(kept)) == (2, 2)
    assert capsys.readouterr().err == "adieu: The ledger cannot be read. Look at ADIEU_LEDGER.\n" * 2
    show_ledger()


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize("name", ["receipt", "log"])
def test_the_doctor_finds_keys_that_did_not_sign(name: str, capsys: Said) -> None:
    """Brought to a second machine by mistake, they would stop every receipt there."""
    assert main(["doctor"]) == 0
    assert main(["keys", "rotate", "receipts"]) == 0
    assert main(["doctor"]) == 0
    path = settings.ADIEU.data_dir / keys.FOLDER / f"{name}-1.key"
    path.write_text("0" * 64)
    capsys.readouterr()
    assert main(["doctor"]) == 1
    said = capsys.readouterr().out
    assert "WRONG   the keys in keys/ do not fit the last signed head of the log of receipts" in said
    path.unlink()
    assert main(["doctor"]) == 1
    assert f"WRONG   The key file {path} is gone; bring it back from a backup" in capsys.readouterr().out


@pytest.mark.parametrize("change", ["forged", "altered", "foreign", "truncated", "huge", "binary", "gone"])
def test_what_is_no_genuine_receipt_is_refused_in_one_line(
    kept: Path, tmp_path: Path, change: str, capsys: Said
) -> None:
    options: tuple[str, ...] = ()
    file = json.loads(kept.read_text())
    header, _, signature = file["receipt"].split(".")
    match change:
        case "forged":
            kept.write_text(json.dumps({**file, "receipt": f"{header}.e30.{signature}"}))
        case "altered":
            kept.write_text(json.dumps({**file, "proof": file["proof"].replace("index 0", "index 1")}))
        case "foreign":
            options = ("--keys", str(_keys_of_another(tmp_path)))
        case "truncated":
            kept.write_text(kept.read_text()[:-40])
        case "huge":
            kept.write_text(" " * LONGEST_FILE + kept.read_text())
        case "binary":
            kept.write_bytes(b"\xff\xfe" + kept.read_bytes())
        case _:
            kept.unlink()
    assert verify(kept, *options) == 1
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    wanted = "NOT genuine" if change in {"forged", "altered", "foreign"} else str(kept)
    assert said.err.startswith("adieu: ")
    assert wanted in said.err


def test_keys_that_are_none_are_named(kept: Path, capsys: Said) -> None:
    assert verify(kept, "--keys", str(kept)) == 1
    assert capsys.readouterr().err == f"adieu: {kept} holds no published keys of an installation.\n"


def _keys_of_another(folder: Path) -> Path:
    """Publish the keys of another installation that has the same name."""
    keys.prepare_data_folder(folder / "another")
    keys.prepare_signing_keys(folder / "another")
    path = folder / "another.json"
    with override_settings(ADIEU=replace(settings.ADIEU, data_dir=folder / "another")):
        path.write_text(published_keys().text)
    return path
