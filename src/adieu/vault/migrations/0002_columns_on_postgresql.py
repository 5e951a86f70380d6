"""What PostgreSQL would make of the vault's columns beside keeping them (Rule P3).

ANALYZE copies common values into a table of its own. Long values are compressed, and then no scan for a word
finds what is left of a person.
"""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def keep_plain_and_once(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """Turn statistics and compression off for every column of every table of the vault."""
    if editor.connection.vendor != "postgresql":
        return
    for model in apps.get_app_config("vault").get_models():
        for field in model._meta.local_fields:  # noqa: SLF001
            alter = f'ALTER TABLE {model._meta.db_table} ALTER COLUMN "{field.column}" SET'  # noqa: SLF001
            editor.execute(f"{alter} STATISTICS 0")
            if isinstance(field, models.CharField | models.TextField | models.BinaryField):
                editor.execute(f"{alter} STORAGE EXTERNAL")


class Migration(migrations.Migration):
    dependencies = [("vault", "0001_initial")]

    operations = [migrations.RunPython(keep_plain_and_once, migrations.RunPython.noop)]
