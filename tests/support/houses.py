"""A data folder, a folder for temporary files and the databases of an installation: all that it writes to."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from time import monotonic

from tests.support import postgresql
from tests.support.dumps import execute

STEP = 0.1


# The start of the names of all that belongs to the vault.
VAULT = "vault"
# Where the vault's own copy is.
COPIES = "vault-copies"


@dataclass
class House:
    """Where an installation writes."""

    folder: Path
    main: Path | str
    vault: Path | str
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def copy(self) -> Path:
        """The copy of a vault that is a file."""
        return self.folder / COPIES / "copy.sqlite3"

    @property
    def backup(self) -> Path:
        """A backup of the main database."""
        return self.folder / "monday.adieu"

    @property
    def data(self) -> Path:
        return self.folder / "data"


@contextmanager
def house(*, main_on_server: bool, vault_on_server: bool = False) -> Iterator[House]:
    """Make the folders and, for PostgreSQL, servers that nobody else uses."""
    # Not in pytest's own folder: a server that root starts runs as somebody else.
    folder = Path(tempfile.mkdtemp(prefix="adieu-residue-"))
    (folder / "tmp").mkdir()
    data, settings = folder / "data", {"TMPDIR": str(folder / "tmp"), "ADIEU_VAULT_URL": ""}
    main: Path | str = data / "adieu.sqlite3"
    vault: Path | str = data / "vault.sqlite3"
    if main_on_server:
        main = settings["ADIEU_DATABASE_URL"] = postgresql.start(folder / "server")
        # What passes through the main database is held to the rule, not only what stays in it.
        execute(main, "ALTER SYSTEM SET log_statement = 'all'", "SELECT pg_reload_conf()")
    if vault_on_server:
        vault = settings["ADIEU_VAULT_URL"] = postgresql.start(
            folder / "vault-server", is_fit_for_a_vault=True
        )
    else:
        (folder / COPIES).mkdir()
        settings["ADIEU_VAULT_COPY"] = str(folder / COPIES / "copy.sqlite3")
    try:
        yield House(folder, main, vault, settings)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def wait_until(holds: Callable[[], bool], what: str, *, seconds: float = 30) -> None:
    """Wait for a condition, and fail when it does not come."""
    ends_at = monotonic() + seconds
    while not holds():
        assert monotonic() < ends_at, f"in {seconds} s it was not so: {what}"
        Event().wait(STEP)


@contextmanager
def refused(house: House, act: str, table: str) -> Iterator[None]:
    """Make the vault's database itself refuse an act, so that code of ours fails in the middle."""
    execute(house.vault, *_refusing(house, act, table))
    yield
    execute(house.vault, _letting(house, table))


def _refusing(house: House, act: str, table: str) -> list[str]:
    """Make a database refuse an act."""
    trigger = f"CREATE TRIGGER refused BEFORE {act} ON {table}"
    if isinstance(house.vault, str):
        act = "BEGIN RAISE EXCEPTION 'refused by a test' USING ERRCODE = 'check_violation'; END"
        function = f"CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ {act} $$"
        return [function, f"{trigger} FOR EACH ROW EXECUTE FUNCTION refuse()"]
    return [f"{trigger} BEGIN SELECT RAISE(ABORT, 'refused by a test'); END"]


def _letting(house: House, table: str) -> str:
    return f"DROP TRIGGER refused ON {table}" if isinstance(house.vault, str) else "DROP TRIGGER refused"
