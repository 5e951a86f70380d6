"""Emptying the tables between tests, without what nobody here reads.

Half of all tests commit, and Django empties every table after each of them. By default that costs more than
most of those tests: it writes the permissions of `django.contrib.auth` again, which nothing here looks at,
and on PostgreSQL it makes a new file for each table.
"""

from django.contrib.auth.management import create_permissions
from django.contrib.contenttypes.management import create_contenttypes
from django.db import connections
from django.db.models.signals import post_migrate


def empty_quickly() -> None:
    """Have the main database emptied by deleting rows; a vault on PostgreSQL still loses its files."""
    post_migrate.disconnect(
        create_permissions, dispatch_uid="django.contrib.auth.management.create_permissions"
    )
    post_migrate.disconnect(create_contenttypes)
    database = connections["default"]
    if database.vendor == "postgresql":
        vars(database.ops)["sql_flush"] = _delete_all


def _delete_all(style: object, tables: list[str], **_: bool) -> list[str]:
    # Without triggers and foreign keys meanwhile, as with TRUNCATE.
    deleting = [f'DELETE FROM "{table}"' for table in tables]  # noqa: S608 - names of our own tables
    return ["SET LOCAL session_replication_role = replica", *deleting] if tables else []
