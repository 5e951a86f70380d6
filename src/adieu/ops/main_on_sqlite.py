"""The main database as a SQLite file: copied while it is used, put back as a whole."""

import sqlite3
from contextlib import closing
from pathlib import Path

from django.db import connections

from adieu.kit.crashing import crash_point
from adieu.kit.errors import UnableToStart
from adieu.kit.sqlite_copies import copy_database, open_file, remove_logs, sync_file
from adieu.ops.packing import Remembered
from adieu.ops.presence import Running
from adieu.ops.remembering import FORGET_FENCES, NoLedgerYet, remembered

WORDS = "a SQLite file"
PATIENCE = 5


def dump(target: Path) -> Remembered:
    """Copy the database into a file, and say what it remembers.

    Raises:
        UnableToStart: it cannot be read or written.
    """
    try:
        copy_database(_main(), target)
        with closing(open_file(target)) as copy:
            return _remembered(copy)
    except sqlite3.Error as error:
        raise UnableToStart(f"{_main()} cannot be copied ({_name(error)}).") from None


def refuse_unfit(data: Path, source: Path, said: Remembered) -> None:
    """Make sure that data is a whole database, and the one that is spoken of.

    Raises:
        UnableToStart: it is not.
    """
    try:
        with closing(open_file(data)) as copy:
            is_whole = copy.execute("PRAGMA quick_check(1)").fetchone() == ("ok",)
            is_fit = is_whole and _remembered(copy) == said
    except (sqlite3.DatabaseError, NoLedgerYet):
        is_fit = False
    if not is_fit:
        raise UnableToStart(f"{source} holds no whole SQLite database, or another than it says.")


def put_back(data: Path) -> None:
    """Put a database in the place of the present one; a kill leaves the one or the other, whole.

    Raises:
        Running: somebody has the present one open.
    """
    _fold_log(_main())
    with closing(open_file(data)) as restored:
        restored.execute(FORGET_FENCES)
    crash_point("restore.begun")
    sync_file(data)
    data.replace(_main())
    sync_file(_main().parent)
    crash_point("restore.replaced")


def _fold_log(main: Path) -> None:
    """Move the present database's log into its file: beside another file it would be taken for that one's.

    Only who is alone may leave the write-ahead log, so this also finds programs that are not ours.
    Source: https://www.sqlite.org/wal.html
    """
    if not main.exists():
        remove_logs(main)
        return
    try:
        with closing(open_file(main, patience=PATIENCE)) as connection:
            connection.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.OperationalError as error:
        if _name(error).startswith("SQLITE_BUSY"):
            raise Running(f"Somebody has {main} open; nothing was changed.") from None
        raise UnableToStart(f"{main} cannot be replaced ({_name(error)}); nothing was changed.") from None
    except sqlite3.DatabaseError:
        # It is no database any more, and nothing in its log can mend it.
        remove_logs(main)


def _remembered(copy: sqlite3.Connection) -> Remembered:
    return remembered(lambda statement: copy.execute(statement).fetchall())


def _main() -> Path:
    return Path(connections["default"].settings_dict["NAME"])


def _name(error: sqlite3.Error) -> str:
    return str(getattr(error, "sqlite_errorname", type(error).__name__))
