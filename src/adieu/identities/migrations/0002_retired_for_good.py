"""The database itself refuses to make a retired claim live again or another's, and a live one that is late.

Lifting a retired one erases the row; nothing that updates rows, by whatever way, can undo a retirement
(Rule C2). A new live one has to stand under the pepper that is in use: a process that knows another, because it
was started before the rotation, would make a second live claim, or let somebody return (Rule C4).
"""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

MESSAGE = "a retired claim stays as it is"
LATE_MESSAGE = "a new claim stands under the pepper in use"
LATE = """NEW.account_id IS NOT NULL
    AND NEW.pepper_version <> (SELECT max(version) FROM identities_pepperversion)"""

SQLITE = [
    f"""
    CREATE TRIGGER identityclaim_stays_retired BEFORE UPDATE ON identities_identityclaim
    WHEN OLD.retired_at IS NOT NULL
    BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END
    """,
    f"""
    CREATE TRIGGER identityclaim_is_not_late BEFORE INSERT ON identities_identityclaim
    WHEN {LATE}
    BEGIN SELECT RAISE(ABORT, '{LATE_MESSAGE}'); END
    """,
]
SQLITE_UNDO = ["DROP TRIGGER identityclaim_stays_retired", "DROP TRIGGER identityclaim_is_not_late"]

POSTGRESQL = [
    f"""
    CREATE FUNCTION identityclaim_stays_retired() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '{MESSAGE}' USING ERRCODE = 'check_violation';
    END $$
    """,
    """
    CREATE TRIGGER identityclaim_stays_retired BEFORE UPDATE ON identities_identityclaim
    FOR EACH ROW WHEN (OLD.retired_at IS NOT NULL) EXECUTE FUNCTION identityclaim_stays_retired()
    """,
    f"""
    CREATE FUNCTION identityclaim_is_not_late() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF {LATE} THEN
            RAISE EXCEPTION '{LATE_MESSAGE}' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER identityclaim_is_not_late BEFORE INSERT ON identities_identityclaim
    FOR EACH ROW EXECUTE FUNCTION identityclaim_is_not_late()
    """,
]
POSTGRESQL_UNDO = [
    "DROP TRIGGER identityclaim_is_not_late ON identities_identityclaim",
    "DROP FUNCTION identityclaim_is_not_late()",
    "DROP TRIGGER identityclaim_stays_retired ON identities_identityclaim",
    "DROP FUNCTION identityclaim_stays_retired()",
]


def guard(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """Put the trigger up."""
    _run(editor, SQLITE if editor.connection.vendor == "sqlite" else POSTGRESQL)


def unguard(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """Take the trigger down."""
    _run(editor, SQLITE_UNDO if editor.connection.vendor == "sqlite" else POSTGRESQL_UNDO)


def _run(editor: BaseDatabaseSchemaEditor, statements: list[str]) -> None:
    # The router keeps these tables out of the vault's database, and migrations run there as well.
    if editor.connection.alias != "default":
        return
    for statement in statements:
        editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("identities", "0001_initial")]
    operations = [migrations.RunPython(guard, unguard)]
