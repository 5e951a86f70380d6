"""What Django must know to open our databases."""

from pathlib import Path
from typing import Any

from psycopg.conninfo import conninfo_to_dict

from adieu.kit.environment import WrongSetting

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

# What anybody may set for a session, so that the server never writes down what a statement holds (Rule P1).
VAULT_SESSION = {
    "log_parameter_max_length_on_error": "0",
    "debug_print_parse": "off",
    "debug_print_rewritten": "off",
    "debug_print_plan": "off",
    # A transaction that is left open would hold up every erasure.
    "idle_in_transaction_session_timeout": "60s",
}


def databases(
    *, data_dir: Path, database_url: str | None, vault_url: str | None = None
) -> dict[str, dict[str, Any]]:
    """Return the `DATABASES` setting: the main one, and the vault in one of its own (Rule P1).

    Raises:
        WrongSetting: the vault is not one of its own.
    """
    main = _postgresql(database_url) if database_url else _sqlite(data_dir / MAIN_FILE, MAIN_OPTIONS)
    if vault_url is None:
        return {"default": main, "vault": _sqlite(data_dir / VAULT_FILE, SQLITE_OPTIONS)}
    vault = _vault_on_postgresql(vault_url)
    _refuse_shared(main, vault)
    return {"default": main, "vault": vault}


def _refuse_shared(main: dict[str, Any], vault: dict[str, Any]) -> None:
    if main["ENGINE"] != vault["ENGINE"]:
        raise WrongSetting("ADIEU_VAULT_URL", "is of use only together with ADIEU_DATABASE_URL")
    if all(main[part] == vault[part] for part in ("HOST", "PORT", "NAME")):
        raise WrongSetting("ADIEU_VAULT_URL", "must be another database than ADIEU_DATABASE_URL")


def _vault_on_postgresql(url: str) -> dict[str, Any]:
    vault = _postgresql(url)
    said = " ".join(f"-c {name}={value}" for name, value in VAULT_SESSION.items())
    given = vault["OPTIONS"].get("options", "")
    # Values go beside the statement and not in it: what is logged or counted by its text holds nobody's data.
    vault["OPTIONS"] |= {"options": f"{given} {said}".strip(), "server_side_binding": True}
    return vault


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
