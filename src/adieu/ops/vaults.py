"""The vault, looked at before anything is served."""

from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.db import connections

from adieu.kit import sql
from adieu.kit.environment import WrongSetting
from adieu.kit.errors import UnableToStart
from adieu.vault import pairing, requirements
from adieu.vault.checkpoints import checkpoint, owe_compaction
from adieu.vault.postgresql import may_list_files

TRIES_BY_HAND = 100


def refuse_unfit() -> None:
    """Make sure, before the vault is migrated, that it may be: that it is one, and can keep its promise.

    Raises:
        UnableToStart: it is gone, or its server cannot keep it.
    """
    if connections["vault"].vendor == "sqlite":
        _refuse_lost_file()
    for problem in problems():
        raise WrongSetting("ADIEU_VAULT_URL", problem)


def refuse_unfit_for_restore() -> None:
    """Make sure of the vault while the main database may be lost or damaged, and must not be asked.

    Raises:
        UnableToStart: the vault is gone, another's, or its server cannot keep the promise.
    """
    from adieu.ops.preparing import is_waiting

    vault = connections["vault"]
    if vault.vendor == "sqlite" and not Path(vault.settings_dict["NAME"]).exists():
        raise UnableToStart(f"{vault.settings_dict['NAME']} is gone; bring it back from a copy first.")
    for problem in problems():
        raise WrongSetting("ADIEU_VAULT_URL", problem)
    if not is_waiting("vault"):
        require_ours()


def pair() -> None:
    """Make sure, once it is migrated, that the vault is the one of this installation.

    Raises:
        UnableToStart: it is not.
    """
    from adieu.accounts.queries import has_accounts

    pairing.pair(peppers=settings.PEPPERS, has_accounts=has_accounts())


def require_ours() -> None:
    """Make sure that the vault is the one of this installation, and write nothing.

    Raises:
        UnableToStart: it is not.
    """
    pairing.require_ours(peppers=settings.PEPPERS)


def problems() -> Iterator[str]:
    """Say in one line each what is wrong with a vault on PostgreSQL."""
    if connections["vault"].vendor == "postgresql" and _identity("vault") == _identity("default"):
        yield "is the very database that ADIEU_DATABASE_URL names"
    yield from requirements.problems()


def compact() -> str:
    """Compact the vault, whether that is owed or not, and say what was made sure of.

    Raises:
        UnableToCheckpoint: something is in the way for five seconds.
    """
    owe_compaction()
    checkpoint(tries=TRIES_BY_HAND)
    return f"The vault is compacted: {kind()}."


def kind() -> str:
    """Say what the vault is, and what a compaction makes sure of."""
    if connections["vault"].vendor == "sqlite":
        return "a SQLite file; a compaction writes it anew and cuts its log"
    checked = "looks for older files on the server" if may_list_files() else "cannot list the server's files"
    return f"PostgreSQL; a compaction {checked}"


def _identity(alias: str) -> tuple[object, ...]:
    """Tell one database of one server from all others, by whatever name it is reached."""
    return sql.rows("SELECT system_identifier, current_database() FROM pg_control_system()", using=alias)[0]


def _refuse_lost_file() -> None:
    # A new vault beside accounts would take nobody's mail, and show everyone as deleted.
    from adieu.accounts.queries import has_accounts

    vault = Path(connections["vault"].settings_dict["NAME"])
    if not vault.exists() and has_accounts():
        raise UnableToStart(f"{vault} is gone, but its accounts are there; bring it back from a copy.")
