"""What Django must know to open our databases."""

from pathlib import Path
from typing import Any

from psycopg.conninfo import conninfo_to_dict

MAIN_FILE = "adieu.sqlite3"
VAULT_FILE = "vault.sqlite3"

SQLITE_OPTIONS = {
    # A transaction takes the write lock when it begins; one that first reads would fail when it writes.
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": (
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON; PRAGMA temp_store=MEMORY"
    ),
}
# The worker empties the main database's log, not whoever commits; this is the limit without a worker.
MAIN_OPTIONS = {
    **SQLITE_OPTIONS,
    "init_command": f"{SQLITE_OPTIONS['init_command']}; PRAGMA wal_autocheckpoint=8000",
}


def databases(*, data_dir: Path, database_url: str | None) -> dict[str, dict[str, Any]]:
    """Return the `DATABASES` setting: the main one, and the vault in a file of its own (Rule P1)."""
    main = _postgresql(database_url) if database_url else _sqlite(data_dir / MAIN_FILE, MAIN_OPTIONS)
    return {"default": main, "vault": _sqlite(data_dir / VAULT_FILE, SQLITE_OPTIONS)}


def _sqlite(file: Path, options: dict[str, Any]) -> dict[str, Any]:
    # Connections are kept: the last one that closes would move the whole log into the file and delete it.
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": file, "OPTIONS": options, "CONN_MAX_AGE": None}


def _postgresql(url: str) -> dict[str, Any]:
    parts: dict[str, Any] = conninfo_to_dict(url)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.pop("dbname", ""),
        "USER": parts.pop("user", ""),
        "PASSWORD": parts.pop("password", ""),
        "HOST": parts.pop("host", ""),
        "PORT": parts.pop("port", ""),
        "OPTIONS": parts,
        "CONN_MAX_AGE": 300,
        "CONN_HEALTH_CHECKS": True,
    }
