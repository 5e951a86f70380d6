"""The database itself refuses to make a retired claim live again or another's (Rule C2).

Lifting one erases the row; nothing that updates rows, by whatever way, can undo a retirement.
"""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

MESSAGE = "a retired claim stays as it is"

SQLITE = [
    f"""
    CREATE TRIGGER identityclaim_stays_retired BEFORE UPDATE ON identities_identityclaim
    WHEN OLD.retired_at IS NOT NULL
    BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END
    """,
]
SQLITE_UNDO = ["DROP TRIGGER identityclaim_stays_retired"]

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
]
POSTGRESQL_UNDO = [
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
