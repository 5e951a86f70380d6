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

TABLES = {"activity": "activities_activity", "operator_act": "activities_operatoract"}
SQLITE = [
    statement
    for name, table in TABLES.items()
    for statement in (
        f"""
        CREATE TRIGGER {name}_never_changes BEFORE UPDATE ON {table}
        BEGIN
            SELECT RAISE(ABORT, '{name}_is_append_only');
        END
        """,
        f"""
        CREATE TRIGGER {name}_never_goes BEFORE DELETE ON {table}
        BEGIN
            SELECT RAISE(ABORT, '{name}_is_append_only');
        END
        """,
        f"""
        CREATE TRIGGER {name}_is_never_replaced BEFORE INSERT ON {table}
        BEGIN
            SELECT RAISE(ABORT, '{name}_is_append_only') FROM {table} WHERE id = NEW.id;
        END
        """,  # noqa: S608 - constants
    )
]

POSTGRESQL = [
    statement
    for name, table in TABLES.items()
    for statement in (
        f"""
        CREATE FUNCTION {name}_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '{name}_is_append_only' USING ERRCODE = 'restrict_violation';
        END $$
        """,
        f"""
        CREATE TRIGGER {name}_never_changes_or_goes BEFORE UPDATE OR DELETE ON {table}
        FOR EACH ROW EXECUTE FUNCTION {name}_is_append_only()
        """,
    )
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
