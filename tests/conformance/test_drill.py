"""The drill that anyone can run goes well, and says so when it does not (Rules L2, P2)."""

import os
from contextlib import ExitStack
from pathlib import Path

from tests.support.drill import Drill, drill
from tests.support.postgresql import database


def test_nobody_comes_back_from_a_backup(tmp_path: Path) -> None:
    lines: list[str] = []
    with ExitStack() as made:
        databases = {"ADIEU_DATABASE_URL": "", "ADIEU_VAULT_URL": ""}
        if server := os.environ.get("ADIEU_DATABASE_URL"):
            databases["ADIEU_DATABASE_URL"] = made.enter_context(database(server, "drill"))
            databases["ADIEU_VAULT_URL"] = made.enter_context(database(server, "drill_vault"))
        assert drill(tmp_path, databases, lines.append), "\n".join(lines)
    assert lines[-1] == "Nobody came back."
    assert "      Changes since then that the ledger told of, made again: 2." in lines


def test_what_is_not_as_it_should_be_ends_it_badly(tmp_path: Path) -> None:
    lines: list[str] = []
    held = Drill(tmp_path, {}, lines.append)
    held.see("the sun is out", holds=True)
    held.see("it rains", holds=False)
    assert lines == ["  ok  the sun is out", "  NO  it rains"]
    assert not held.is_well
