"""What `docs/how-to/postgresql.md` has an operator type is all that is needed, on a server as it comes."""

import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from tests.support import postgresql
from tests.support.served import start

pytestmark = pytest.mark.only_on("postgresql")

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "postgresql.md"
SECONDS = 60
FIRST_WITH_SUMMARIES = 170000


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder for a server of our own; one that root starts must not be in pytest's."""
    made = Path(tempfile.mkdtemp(prefix="adieu-recipe-"))
    yield made
    shutil.rmtree(made, ignore_errors=True)


def steps(beginning: str) -> list[str]:
    """Read the lines of SQL between a heading and the next."""
    part = PAGE.read_text(encoding="utf-8").split(f"## {beginning}\n")[1].split("\n## ")[0].split("\n### ")[0]
    blocks = re.findall(r"^```\n(.*?)^```", part, re.MULTILINE | re.DOTALL)
    lines = [line.partition(" --")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line.endswith(";") or line.startswith("\\c ")]


def type_in(url: str, lines: list[str]) -> None:
    """Run lines as a superuser; a line that begins with a backslash goes to another database."""
    connection = psycopg.connect(url, autocommit=True)
    for line in lines:
        if line.startswith("\\c "):
            connection.close()
            connection = psycopg.connect(postgresql.at(url, line[3:]), autocommit=True)
        elif "summarize_wal" not in line or connection.info.server_version >= FIRST_WITH_SUMMARIES:
            connection.execute(line.encode())
    connection.close()


def adieu(settings: dict[str, str], command: str) -> tuple[int, str]:
    process = start(settings, command)
    said, _ = process.communicate(timeout=SECONDS)
    return process.returncode, said


def test_the_page_makes_a_server_fit(folder: Path) -> None:
    url = postgresql.start(folder / "server")
    host = parse_qs(urlsplit(url).query)["host"][0]
    settings = {
        "ADIEU_DATA_DIR": str(folder / "data"),
        "ADIEU_DATABASE_URL": f"postgresql://adieu@/adieu?host={host}",
        "ADIEU_VAULT_URL": f"postgresql://adieu_vault@/adieu_vault?host={host}",
    }
    for_main, for_vault = steps("Set it up"), steps("Put the vault on PostgreSQL, too")
    assert (len(for_main), len(for_vault)) == (2, 11)
    type_in(url, [*for_main, *for_vault])

    status, said = adieu(settings, "doctor")
    wrong = [line for line in said.splitlines() if line.startswith("WRONG")]
    assert (status, wrong) == (
        1,
        [f"WRONG   the {name} database waits for `adieu migrate`" for name in ("default", "vault")],
    )
    assert adieu(settings, "migrate") == (0, "")
    assert adieu(settings, "doctor")[0] == 0
    compacted = "The vault is compacted: PostgreSQL; a compaction looks for older files on the server.\n"
    assert adieu(settings, "compact") == (0, compacted)
    # The role sees a snapshot of somebody who may do more than itself.
    with psycopg.connect(postgresql.at(url, "adieu_vault")) as other:
        other.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        other.execute("SELECT 1")
        status, said = adieu(settings, "compact")
        assert (status, "an old snapshot is still open" in said) == (1, True)
