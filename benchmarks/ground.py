"""The ground a benchmark stands on: databases of its own, and rows written fast."""

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

from django.db.models import Model


def set_up(folder: Path, database: str) -> None:
    """Make databases of our own, and the tables in them."""
    os.environ["ADIEU_DATA_DIR"] = str(folder / "data")
    os.environ["DJANGO_SETTINGS_MODULE"] = "adieu.config.settings"
    if database == "postgresql":
        from tests.support.postgresql import start

        os.environ["ADIEU_DATABASE_URL"] = os.environ.get("TEST_DATABASE_URL") or start(folder / "postgresql")
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    call_command("migrate", database="vault", verbosity=0)
    from django.utils import timezone

    from adieu.ledger.opening import open_ledger
    from adieu.ledger.places import installed_ledger

    open_ledger(store=installed_ledger(), now=timezone.now())


def write(model: type[Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write rows through the driver itself; columns that are not named get the model's default.

    Args:
        model: Whose table.
        columns: The names of the columns that `rows` have, such as `account_id`.
        rows: Values as the driver takes them; an id is 32 hexadecimal digits.
    """
    from django.db import connections, router

    connection = connections[router.db_for_write(model) or "default"]
    fields = model._meta.concrete_fields  # noqa: SLF001 - Django's public way to a model's columns
    left = [field for field in fields if field.column not in columns and not _is_auto(field)]
    defaults = tuple(field.get_db_prep_save(field.get_default(), connection) for field in left)
    names = ", ".join(f'"{name}"' for name in chain(columns, (field.column for field in left)))
    table = model._meta.db_table  # noqa: SLF001
    whole = ((*row, *defaults) for row in rows)
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            marks = ", ".join("%s" for _ in range(len(columns) + len(left)))
            cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(whole))  # noqa: S608
        else:
            with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for row in whole:
                    copy.write_row(row)


def _is_auto(field: Any) -> bool:
    return bool(field.primary_key and field.get_internal_type().endswith("AutoField"))


@contextmanager
def took(what: str) -> Iterator[None]:
    """Say how long something took."""
    started = time.perf_counter()
    yield
    print(f"{what} in {time.perf_counter() - started:.0f} s", flush=True)
