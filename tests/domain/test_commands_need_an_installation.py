"""What begins no installation works on one that is there and ours, or says in one line why not (Rule C2)."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.support.installations import adieu, settings_of_its_own
from tests.support.served import free_port

COMMANDS = [("web",), ("worker",), ("compact",), ("deletions", "list"), ("backup", "nowhere/file")]


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[dict[str, str]]:
    """An installation that is not migrated yet."""
    with settings_of_its_own(tmp_path) as given:
        yield given


@pytest.mark.parametrize("command", [*COMMANDS, ("restore", "docs/index.md")], ids=" ".join)
def test_nothing_is_made_where_nothing_is(settings: dict[str, str], command: tuple[str, ...]) -> None:
    folder = Path(settings["ADIEU_DATA_DIR"])
    status, said = adieu(settings, *command)
    assert status == 2
    assert said == (
        f"adieu: The key file {folder}/keys/root.key is not there; bring it from where this installation was"
        " made, or begin a new one with `adieu serve` or `adieu migrate`.\n"
    )
    assert not folder.exists()


def test_keys_that_sign_are_brought_with_the_others(settings: dict[str, str]) -> None:
    """On a second machine, receipts would be signed by keys that nobody has published."""
    keys = {"ADIEU_PEPPER": secrets.token_hex(32), "ADIEU_SECRET_KEY": secrets.token_hex(32)}
    status, said = adieu(settings | keys, "worker")
    assert (status, said.count("\n")) == (2, 1)
    assert "/keys/receipt-1.key is not there; bring it from where" in said


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_database_that_waits_to_be_migrated_is_named(
    settings: dict[str, str], command: tuple[str, ...]
) -> None:
    adieu(settings, "doctor")
    assert adieu(settings, *command) == (2, "adieu: The main database waits for `adieu migrate`.\n")


def test_with_keys_of_its_own_no_process_serves_the_data_of_others(settings: dict[str, str]) -> None:
    """On a second machine whose keys were forgotten, whoever left could come back."""
    assert adieu(settings, "migrate") == (0, "")
    keys = {"ADIEU_PEPPER": secrets.token_hex(32), "ADIEU_SECRET_KEY": secrets.token_hex(32)}
    (Path(settings["ADIEU_DATA_DIR"]) / "keys" / "pepper-1.key").unlink()
    for command in COMMANDS:
        status, said = adieu(settings | keys, *command)
        assert (status, said.count("\n")) == (2, 1), said
        assert said.startswith("adieu: The vault belongs to another installation"), command
    status, said = adieu(settings | keys, "doctor")
    assert status == 1
    assert "WRONG   The vault belongs to another installation" in said


@pytest.mark.only_on("postgresql")
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_server_that_does_not_answer_is_named(settings: dict[str, str], command: tuple[str, ...]) -> None:
    assert adieu(settings, "migrate") == (0, "")
    nowhere = {"ADIEU_VAULT_URL": f"postgresql://127.0.0.1:{free_port()}/nobody"}
    status, said = adieu(settings | nowhere, *command)
    assert (status, said.count("\n")) == (2, 1), said
    assert said.startswith("adieu: ADIEU_VAULT_URL: the database cannot be used (")


@pytest.mark.only_on("postgresql")
def test_the_doctor_names_all_that_a_server_lacks_before_the_vault_is_made(settings: dict[str, str]) -> None:
    with psycopg.connect(settings["ADIEU_VAULT_URL"], autocommit=True) as other:
        name = other.info.dbname
        other.execute(f"ALTER DATABASE {name} SET log_statement = 'all'")
        other.execute(f"ALTER DATABASE {name} SET log_error_verbosity = 'verbose'")
    status, said = adieu(settings, "doctor")
    assert status == 1
    assert "WRONG   the vault database waits for `adieu migrate`" in said
    assert "WRONG   ADIEU_VAULT_URL: log_statement is all" in said
    assert "WRONG   ADIEU_VAULT_URL: log_error_verbosity is verbose" in said


def test_what_stands_in_the_place_of_the_folder_of_clusters_is_said(settings: dict[str, str]) -> None:
    assert adieu(settings, "migrate") == (0, "")
    (Path(settings["ADIEU_DATA_DIR"]) / "clusters").write_text("no folder")
    assert adieu(settings, "clusters") == (
        2,
        "adieu: The folder `clusters` in the data folder cannot be made; see what is in its place.\n",
    )
