"""Looking for a person in the bytes of the vault's files."""

from pathlib import Path

import psycopg
from django.db import connections
from psycopg.rows import scalar_row

from adieu.kit import sql
from adieu.vault import debts
from adieu.vault.checkpoints import checkpoint


def vault_files() -> list[Path]:
    """List the vault's files as far as they are there: on PostgreSQL, every file of the server."""
    return files_of("vault")


def files_of(alias: str) -> list[Path]:
    """List a database's files; the vault's are all of its server, its log and that of errors included."""
    if connections[alias].vendor == "postgresql":
        folder = server_folder(alias)
        inside = folder if alias == "vault" else folder / "base" / str(_oid(alias))
        return [path for path in inside.rglob("*") if path.is_file()]
    database = Path(connections[alias].settings_dict["NAME"])
    return [
        file
        for file in (database.with_name(database.name + end) for end in ("", "-wal", "-shm"))
        if file.exists()
    ]


def bytes_of(alias: str) -> bytes:
    """Read all that a database wrote."""
    return b"\0".join(_read(file) for file in files_of(alias))


def is_in_vault_files(*texts: str) -> bool:
    """Tell whether a byte scan finds any of these texts, in the forms in which they may be stored."""
    written = bytes_of("vault")
    forms = {text.encode(encoding) for text in texts for encoding in ("utf-8", "utf-16-le")}
    forms |= {text.encode("unicode_escape") for text in texts}
    return any(form in written for form in forms)


def do_daily_compaction() -> None:
    """Do what the worker does once a day for sessions that ended and mails that went out.

    SQLite needs it for what lies between rows only; so there, without it, tests see more.
    """
    if connections["vault"].vendor == "postgresql":
        debts.owe_compaction()
        checkpoint()


def server_folder(alias: str = "vault") -> Path:
    """Give the data folder of the server that a database is on."""
    return Path(sql.rows("SHOW data_directory", using=alias)[0][0])


def connect_to_vault(*, autocommit: bool = False) -> psycopg.Connection[object]:
    """Open a connection of one's own to the vault, as another process or a DBA might."""
    given = connections["vault"].settings_dict
    return psycopg.connect(
        dbname=given["NAME"],
        host=given["HOST"],
        user=given["USER"],
        autocommit=autocommit,
        row_factory=scalar_row,
    )


def _oid(alias: str) -> int:
    return int(sql.rows("SELECT oid FROM pg_database WHERE datname = current_database()", using=alias)[0][0])


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except FileNotFoundError:  # Servers tidy up while we look.
        return b""
