"""On PostgreSQL, ANALYZE copies common values of a column into a table of its own; not so here (Rule P3)."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def keep_no_statistics(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """Turn statistics off for every column of every table of the vault."""
    if editor.connection.vendor != "postgresql":
        return
    for model in apps.get_app_config("vault").get_models():
        for field in model._meta.local_fields:  # noqa: SLF001
            table = model._meta.db_table  # noqa: SLF001
            editor.execute(f'ALTER TABLE {table} ALTER COLUMN "{field.column}" SET STATISTICS 0')


class Migration(migrations.Migration):
    dependencies = [("vault", "0001_initial")]

    operations = [migrations.RunPython(keep_no_statistics, migrations.RunPython.noop)]
