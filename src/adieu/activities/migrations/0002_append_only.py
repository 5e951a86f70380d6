"""Note [Append-only].

What happened does not change, so the database itself refuses to change or delete a record, whoever asks
(Rule V1). These are row triggers, the same on both databases.

Two ways stay open, and both are no way for our code, which holds no such statement:
- PostgreSQL's TRUNCATE asks no row trigger. It needs a right of its own, and it is how Django empties the
  tables after a test.
- Whoever owns the database can drop the triggers. An operator who must cut a log does that knowingly.

On SQLite, Django empties the tables after a test with DELETE; the tests turn triggers off on their own
connection for that moment (`tests/support/history.py`). `INSERT OR REPLACE` deletes without asking a
DELETE trigger, hence the third one.
"""

from typing import ClassVar

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

SQLITE = [
    """
    CREATE TRIGGER activity_never_changes BEFORE UPDATE ON activities_activity
    BEGIN
        SELECT RAISE(ABORT, 'activity_is_append_only');
    END
    """,
    """
    CREATE TRIGGER activity_never_goes BEFORE DELETE ON activities_activity
    BEGIN
        SELECT RAISE(ABORT, 'activity_is_append_only');
    END
    """,
    """
    CREATE TRIGGER activity_is_never_replaced BEFORE INSERT ON activities_activity
    BEGIN
        SELECT RAISE(ABORT, 'activity_is_append_only')
        FROM activities_activity WHERE id = NEW.id;
    END
    """,
]

POSTGRESQL = [
    """
    CREATE FUNCTION activity_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'activity_is_append_only' USING ERRCODE = 'restrict_violation';
    END $$
    """,
    """
    CREATE TRIGGER activity_never_changes_or_goes BEFORE UPDATE OR DELETE ON activities_activity
    FOR EACH ROW EXECUTE FUNCTION activity_is_append_only()
    """,
]

STATEMENTS = {"sqlite": SQLITE, "postgresql": POSTGRESQL}


def make_triggers(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.alias != "default":
        return
    for statement in STATEMENTS[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies: ClassVar = [("activities", "0001_initial")]
    operations: ClassVar = [migrations.RunPython(make_triggers, elidable=False)]
