"""Leaving no erased byte in a vault on PostgreSQL (Rule P3). See Note [Three places] in `checkpoints.py`.

Note [Compaction on PostgreSQL]
VACUUM (FULL) silently keeps whatever somebody may still look at, skips tables that are not ours with a mere
warning, and leaves the log as it is. So each part is checked before or after, and nothing is believed:

1. The settings and rights that the promise rests on (`requirements.py`).
2. No transaction is running that began before the erasures: neither one with a transaction id, in any
   database of the server, nor one with a snapshot of ours. In this order: a snapshot reaches as far back as
   the oldest id that runs, so once no old id runs, no new snapshot can be old. Prepared transactions count
   as running.
3. Every table that holds people is written anew, which its new file shows, with its index and TOAST.
4. The log moves on to a new file, a checkpoint follows, and its place shows that no older file is needed.
5. Where we may list the server's folders: no older file of the log is there, and none that belongs to no
   table (a server that dies while a table is written anew leaves one behind).

One process at a time does it; who waited finds that the debt is paid. Tables are locked one by one, and
nobody waits behind us for longer than LOCK_TIMEOUT while we wait for one.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import PurePosixPath
from typing import Any

from django.db import DatabaseError, OperationalError, connections

from adieu.kit import sql
from adieu.vault import debts, requirements
from adieu.vault.models import (
    Archive,
    ArchivePart,
    Comment,
    DevelopmentMail,
    Entry,
    InvitedAddress,
    Mail,
    SessionData,
)
from adieu.vault.router import VAULT
from adieu.vault.waiting import UnableToCheckpoint, wait_until_free

# Any number that nobody else uses; advisory locks are of one database.
LOCK = 2030_0304
LOCK_TIMEOUT = "250ms"
TABLES = [
    model._meta.db_table  # noqa: SLF001
    for model in (Entry, SessionData, InvitedAddress, Mail, DevelopmentMail, Archive, ArchivePart)
]
COMMENTS = Comment._meta.db_table  # noqa: SLF001

# What may be in the way, in words, and how many of it are older than a transaction id; in this order.
OLDER = {
    "a transaction from before is still open": """
        SELECT count(*) FROM pg_stat_activity WHERE age(backend_xid) > age(%s::xid)""",
    "a prepared transaction from before is still open": """
        SELECT count(*) FROM pg_prepared_xacts WHERE age(transaction) > age(%s::xid)""",
    "an old snapshot is still open": """
        SELECT count(*) FROM pg_stat_activity WHERE age(backend_xmin) > age(%s::xid)
        AND (datname = current_database() OR datname IS NULL)""",
}
FILES_OF_TABLES = "SELECT pg_relation_filenode(oid) FROM pg_class WHERE pg_relation_filenode(oid) IS NOT NULL"


def clean(*, tries: int, pause: timedelta) -> None:
    """Pay the compaction that is owed, if any. See Note [Compaction on PostgreSQL].

    Raises:
        UnableToCheckpoint: what is in the way, in words that name nobody.

    Source: https://www.postgresql.org/docs/current/sql-vacuum.html
    """
    if debts.open_debt() is None:
        return
    with _alone(tries=tries, pause=pause):
        debt = debts.open_debt()
        if debt is None:
            return
        for problem in requirements.problems():
            raise UnableToCheckpoint(problem)
        _compact(tries=tries, pause=pause)
        debts.pay(debt)


def may_list_files() -> bool:
    """Tell whether the names of the server's files can be checked, too."""
    return bool(_one("SELECT has_function_privilege('pg_ls_dir(text)', 'execute')"))


def _compact(*, tries: int, pause: timedelta) -> None:
    _mix_comments()
    moment = str(_one("SELECT pg_snapshot_xmax(pg_current_snapshot())::xid"))
    wait_until_free(lambda: _find_older(moment), tries=tries, pause=pause)
    for table in TABLES:
        _rewrite(f"VACUUM (FULL) {table}", table, tries=tries, pause=pause)
    # In the order of its random keys: else the order of the rows would tell the order of arrival (Rule D3).
    _rewrite(f"CLUSTER {COMMENTS} USING {COMMENTS}_pkey", COMMENTS, tries=tries, pause=pause)
    end = _one("SELECT pg_switch_wal()")
    sql.run("CHECKPOINT", using=VAULT)
    if not _one("SELECT redo_lsn >= %s::pg_lsn FROM pg_control_checkpoint()", end):
        raise UnableToCheckpoint("the server did not move its log on")
    if may_list_files():
        wait_until_free(_find_left_file, tries=tries, pause=pause)


def _mix_comments() -> None:
    """Write all loosened comments in one transaction: its number stands in each row and would date it."""
    count = "SELECT count(DISTINCT xmin::text) FROM vault_comment WHERE request_id IS NULL"
    if int(_one(count)) > 1:
        sql.run("UPDATE vault_comment SET text = text WHERE request_id IS NULL", using=VAULT)


def _find_older(moment: str) -> str:
    for obstacle, count in OLDER.items():
        if _one(count, moment):
            return obstacle
    return ""


def _rewrite(statement: str, table: str, *, tries: int, pause: timedelta) -> None:
    before = _one("SELECT pg_relation_filenode(%s::regclass)", table)

    def find_obstacle() -> str:
        try:
            sql.run(statement, using=VAULT)
        except OperationalError:
            return "a table of the vault is in use"
        return ""

    wait_until_free(find_obstacle, tries=tries, pause=pause)
    if _one("SELECT pg_relation_filenode(%s::regclass)", table) == before:
        raise UnableToCheckpoint(f"the table {table} belongs to another role")


def _find_left_file() -> str:
    oldest = _one("SELECT redo_wal_file FROM pg_control_checkpoint()")
    segments = [name for name in _names("pg_wal") if re.fullmatch(r"[0-9A-F]{24}", name)]
    # The first eight digits are the timeline.
    if any(name[8:] < oldest[8:] for name in segments):
        return "the server keeps an older file of its log"
    folder = str(PurePosixPath(_one("SELECT pg_relation_filepath(%s::regclass)", COMMENTS)).parent)
    # In this order: a table that is made between the two looks is no stranger.
    files = {int(found[0]) for name in _names(folder) if (found := re.match(r"\d+", name))}
    known = {number for (number,) in sql.rows(FILES_OF_TABLES, using=VAULT)}
    if strangers := files - known:
        return f"{folder}/{min(strangers)} belongs to no table; a crash of the server left it"
    return ""


def _names(folder: str) -> list[str]:
    return [name for (name,) in sql.rows("SELECT pg_ls_dir(%s)", [folder], using=VAULT)]


@contextmanager
def _alone(*, tries: int, pause: timedelta) -> Iterator[None]:
    def find_obstacle() -> str:
        is_mine = _one("SELECT pg_try_advisory_lock(%s)", LOCK)
        return "" if is_mine else "another compaction is under way"

    wait_until_free(find_obstacle, tries=tries, pause=pause)
    try:
        sql.run(f"SET lock_timeout = '{LOCK_TIMEOUT}'", using=VAULT)
        yield
    except DatabaseError:
        # The connection may be broken; a new one has neither the lock nor the time-out.
        connections[VAULT].close()
        raise
    finally:
        if connections[VAULT].connection is not None:
            sql.run("RESET lock_timeout", using=VAULT)
            _one("SELECT pg_advisory_unlock(%s)", LOCK)


def _one(statement: str, *params: object) -> Any:
    return sql.rows(statement, params, using=VAULT)[0][0]
