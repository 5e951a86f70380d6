"""What must be right before anything is served."""

import socket
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, OperationalError, connections
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from adieu.kit import keys
from adieu.kit.environment import Environment, WrongSetting
from adieu.kit.errors import UnableToStart
from adieu.kit.setting_values import Bind

# SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html), and SQLite's names of errors.
REASONS = {
    "28P01": "it refuses name or password",
    "28000": "it does not let this name in",
    "3D000": "there is no such database",
    "42501": "this name may not do what is needed",
    "53300": "it has no connection left",
    "57P03": "it is starting or stopping",
    "SQLITE_BUSY": "somebody else holds it",
    "SQLITE_CANTOPEN": "it cannot be opened",
    "SQLITE_FULL": "the disk is full",
    "SQLITE_NOTADB": "it is no database",
    "SQLITE_READONLY": "it cannot be written",
}


MAIN_AND_VAULT = {"default": "main database", "vault": "vault"}


def set_up() -> None:
    """Load the settings and the apps; this makes the data folder and the keys."""
    django.setup()


def set_up_what_is_there(environment: Environment, *, is_rotating: bool = False) -> None:
    """Do the same for an installation that another command has made, and make sure that it is one.

    A process with keys of its own making would let in whoever left, because it reads no claim of theirs
    (Rules C2, C4).

    Args:
        environment: The settings.
        is_rotating: Whether a rotation of the pepper may be finished; nothing else goes on before that.

    Raises:
        UnableToStart: it has no keys or others, a database waits to be migrated, or the vault is another's.
    """
    _refuse_missing_keys(environment)
    set_up()
    for alias in settings.DATABASES:
        try:
            _refuse_unready(alias)
        except DatabaseError as error:
            raise unusable(alias, error) from None
    if not is_rotating:
        require_pepper()
    connections.close_all()


def require_pepper() -> None:
    """Make sure that this process knows the pepper that the main database stands under (Rule C4).

    Raises:
        UnableToStart: it does not.
    """
    # Models cannot be imported before the apps are ready.
    from adieu.identities.peppers import require_fit

    require_fit(peppers=settings.PEPPERS)


def set_up_to_restore(environment: Environment) -> None:
    """Do the same where the main database may be lost, damaged or older than this version.

    Raises:
        UnableToStart: there are no keys, or a database does not answer.
    """
    _refuse_missing_keys(environment)
    set_up()
    for alias in settings.DATABASES:
        try:
            if connections[alias].vendor == "postgresql":
                connections[alias].ensure_connection()
        except DatabaseError as error:
            raise unusable(alias, error) from None
    connections.close_all()


def be_present() -> None:
    """Show that this process serves or works, until it ends (Note [Presence]).

    Raises:
        UnableToStart: a restore is under way, or the database cannot be used.
    """
    from adieu.ops import presence

    try:
        presence.show()
    except DatabaseError as error:
        raise unusable("default", error) from None


def _refuse_missing_keys(environment: Environment) -> None:
    keys.refuse_missing(
        data_dir=environment.data_dir,
        is_root_given=environment.secret_key is not None,
        is_pepper_given=environment.pepper is not None,
    )


def is_waiting(alias: str) -> bool:
    """Tell whether a database waits to be migrated."""
    executor = MigrationExecutor(connections[alias])
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def migrate() -> None:
    """Bring both databases to the newest form.

    Raises:
        UnableToStart: one of them cannot be used.
    """
    for alias in settings.DATABASES:
        try:
            _migrate(alias)
        except DatabaseError as error:
            raise unusable(alias, error) from None
    connections.close_all()
    _close_to_others(settings.ADIEU.data_dir)


def _migrate(alias: str) -> None:
    # Models cannot be imported before the apps are ready.
    from adieu.identities.peppers import begin
    from adieu.ops import vaults

    if alias == "vault":
        vaults.refuse_unfit()
    call_command("migrate", database=alias, verbosity=0, interactive=False)
    if alias == "vault":
        vaults.pair()
    else:
        begin(peppers=settings.PEPPERS, now=timezone.now())


def _refuse_unready(alias: str) -> None:
    from adieu.ops import vaults

    if alias == "vault":
        vaults.refuse_unfit()
    if is_waiting(alias):
        raise UnableToStart(f"The {MAIN_AND_VAULT[alias]} waits for `adieu migrate`.")
    if alias == "vault":
        vaults.require_ours()


def open_ledger() -> int:
    """Make sure of the ledger, and take in what it says: before that nothing may be served (Rules L1, L2).

    Tells how many changes were made again.

    Raises:
        UnableToStart: the ledger is not what the database remembers.
    """
    # Models cannot be imported before the apps are ready.
    from adieu.ops.ledgers import open_and_catch_up

    replayed = open_and_catch_up()
    connections.close_all()
    return replayed


def refuse_taken_port(bind: Bind) -> None:
    """Make sure that we can listen.

    Raises:
        WrongSetting: somebody else listens there, or we may not.
    """
    family = socket.AF_INET6 if ":" in bind.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As granian does: connections of an earlier run that are still closing are no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((bind.host, bind.port))
        except OSError as error:
            raise WrongSetting("ADIEU_BIND", f"{bind} cannot be used ({error.strerror})") from None


def mail_goes(environment: Environment) -> str:
    """Say where the mail goes."""
    if environment.smtp_url:
        return f"to {environment.smtp_url.host}:{environment.smtp_url.port}"
    return f"into the development mailbox, {environment.base_url}/development/mailbox/"


def unusable(alias: str, error: DatabaseError) -> UnableToStart:
    """Say in one line that a database cannot be used, and why."""
    if connections[alias].vendor == "postgresql":
        setting = "ADIEU_VAULT_URL" if alias == "vault" else "ADIEU_DATABASE_URL"
        return WrongSetting(setting, f"the database cannot be used ({_why(error)})")
    return UnableToStart(f"{connections[alias].settings_dict['NAME']} cannot be used ({_why(error)}).")


def _why(error: DatabaseError) -> str:
    """Say it in our words; the database's may quote a row, or a password that was cut off too early."""
    cause = error.__cause__
    code = getattr(cause, "sqlstate", None) or getattr(cause, "sqlite_errorname", None)
    if code is None and type(error) is OperationalError:
        return "there is no such server, it does not answer, or it refuses name, password or encryption"
    return REASONS.get(str(code), f"{type(error).__name__} {code or ''}".strip())


def _close_to_others(folder: Path) -> None:
    for path in folder.glob("*.sqlite3*"):
        path.chmod(0o600)
