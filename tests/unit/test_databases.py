"""The vault is in a database of its own, and its server is told no values (Rule P1)."""

from pathlib import Path

import pytest

from adieu.kit.databases import databases
from adieu.kit.environment import WrongSetting

MAIN, VAULT = "postgresql://adieu@db.example.org/adieu", "postgresql://adieu@db.example.org/adieu_vault"


@pytest.mark.parametrize(
    ("database_url", "vault_url", "why"),
    [
        (None, VAULT, "only together with ADIEU_DATABASE_URL"),
        (MAIN, MAIN, "another database than"),
        (MAIN, f"{MAIN}?sslmode=require", "another database than"),
        (MAIN, MAIN.replace("adieu@", "somebody@"), "another database than"),
    ],
)
def test_a_vault_that_is_not_of_its_own_is_refused(
    tmp_path: Path, database_url: str | None, vault_url: str, why: str
) -> None:
    with pytest.raises(WrongSetting, match=f"^ADIEU_VAULT_URL: .*{why}"):
        databases(data_dir=tmp_path, database_url=database_url, vault_url=vault_url)


def test_values_go_beside_the_statements_of_the_vault(tmp_path: Path) -> None:
    vault = databases(data_dir=tmp_path, database_url=MAIN, vault_url=f"{VAULT}?options=-c%20geqo%3Doff")[
        "vault"
    ]
    assert vault["OPTIONS"]["server_side_binding"] is True
    options = vault["OPTIONS"]["options"]
    assert options.startswith("-c geqo=off -c ")
    assert "log_parameter_max_length_on_error=0" in options
    assert "debug_print_plan=off" in options


def test_without_an_address_the_vault_is_a_file(tmp_path: Path) -> None:
    both = databases(data_dir=tmp_path, database_url=MAIN)
    assert both["vault"]["NAME"] == tmp_path / "vault.sqlite3"
    assert both["default"]["NAME"] == "adieu"
