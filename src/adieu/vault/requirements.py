"""What a PostgreSQL server needs so that a vault on it can keep its promise (Rules P2, P3)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connections

from adieu.kit import sql
from adieu.vault.router import VAULT

OLDEST_VERSION = 15_00_00
# Set for the whole server; what a role or a database sets for its sessions does not reach the checkpointer.
FOR_THE_SERVER = ("configuration file", "command line", "environment variable")


@dataclass(frozen=True)
class Needed:
    """A setting that must have one of some values, and why."""

    name: str
    values: tuple[str, ...]
    why: str


NEEDED = (
    Needed("wal_recycle", ("off",), "files of the log would be used again with what they hold"),
    Needed("archive_mode", ("off",), "the archive would keep who people were"),
    Needed("wal_keep_size", ("0",), "the log would be kept"),
    Needed("summarize_wal", ("off",), "the log would be kept until it is summarized"),
    # Extensions; their settings are there only when they are loaded.
    Needed("auto_explain.log_min_duration", ("-1",), "plans would show values in the server's log"),
    Needed("pgaudit.log_parameter", ("off",), "values would stand in the server's log"),
)
# Each writes statements into the log, and with them their parameters.
LOGS_STATEMENTS = {
    "log_statement": ("none", "ddl"),
    "log_min_duration_statement": ("-1",),
    "log_min_duration_sample": ("-1",),
    "log_transaction_sample_rate": ("0",),
}
QUIET_LEVELS = ("fatal", "panic")
SETTINGS = (
    *(each.name for each in NEEDED),
    *LOGS_STATEMENTS,
    "log_parameter_max_length",
    "log_error_verbosity",
    "log_min_messages",
)


def problems() -> Iterator[str]:
    """Say in one line each what keeps the vault's server from keeping the promise, and what helps."""
    if connections[VAULT].vendor != "postgresql":
        return
    if int(_one("SELECT current_setting('server_version_num')")) < OLDEST_VERSION:
        yield "PostgreSQL 15 or newer is needed"
        return
    rows = sql.rows(
        "SELECT name, setting, source FROM pg_settings WHERE name = ANY(%s)", [list(SETTINGS)], using=VAULT
    )
    yield from _wrong_settings({name: setting for name, setting, _ in rows})
    if any(name == "wal_recycle" and source not in FOR_THE_SERVER for name, _, source in rows):
        yield "wal_recycle must be set for the whole server (ALTER SYSTEM SET wal_recycle = 'off')"
    yield from _missing_rights()
    yield from _copies()


def _wrong_settings(found: Mapping[str, str]) -> Iterator[str]:
    for each in NEEDED:
        if found.get(each.name, each.values[0]) not in each.values:
            yield f"{each.name} is {found[each.name]}, so {each.why}; set it to '{each.values[0]}'"
    if found["log_parameter_max_length"] != "0":
        for name, values in LOGS_STATEMENTS.items():
            if found[name] not in values:
                yield (
                    f"{name} is {found[name]}, so values would stand in the server's log;"
                    f" set it to '{values[0]}', or log_parameter_max_length to '0'"
                )
    if found["log_error_verbosity"] != "terse" and found["log_min_messages"] not in QUIET_LEVELS:
        yield (
            f"log_error_verbosity is {found['log_error_verbosity']}, so details of errors would show rows in"
            " the server's log; set it to 'terse' for this database"
        )


def _missing_rights() -> Iterator[str]:
    if not _one("SELECT pg_has_role('pg_checkpoint', 'usage')"):
        yield "the right to CHECKPOINT is missing; grant the role pg_checkpoint"
    if not _one("SELECT has_function_privilege('pg_switch_wal()', 'execute')"):
        yield "the right to move the log on is missing; grant EXECUTE ON FUNCTION pg_switch_wal()"


def _copies() -> Iterator[str]:
    if _one("SELECT pg_is_in_recovery()"):
        yield "this server is a standby; take one of its own for the vault"
        return
    if _one("SELECT count(*) FROM pg_replication_slots"):
        yield "the server has a replication slot, which keeps its log; drop it, or take a server of its own"
    if _one("SELECT count(*) FROM pg_stat_replication"):
        yield "a standby or a base backup copies this server; end it, or take a server of its own"


def _one(statement: str) -> Any:
    return sql.rows(statement, using=VAULT)[0][0]
