"""What is of a person stands in the archive of their data, or it is said why not (spirit of Rule D13)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import import_module
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db.models import Field, Model
from django.utils import timezone

from adieu.archives.zipping import plain
from adieu.core.archiving import Table
from adieu.core.declaring import Exported, Exports, Fate, Withheld
from adieu.deletion.keepers import all_keepers
from tests.completeness.test_fields import PACKAGES, declared, every_field
from tests.support.filled import fill_everything

TO_FIX_THIS = """
{model}.{field} is of a person, and nobody knows where it stands in the archive of their data. To fix this:
1. Is it theirs to see? Then give it in a table of your package's keeper (`export`), and write into EXPORTS of
   its `declarations.py` in which table and column: Exported("table", "column").
2. If not, because it is a secret, is about somebody else or only makes the software work: Withheld("why").
3. If it is new in `tests/support/filled.py`, let Alice have something in it.
"""
# In the archive in other words than in the table, and why.
IN_OTHER_WORDS = {
    "account.EmailAddress.email": "sealed in the table, as it was typed in the archive",
    "activities.Activity.actor_id": "the archive says you, somebody else or nobody",
    "activities.OperatorAct.actor_id": "the archive says you or somebody else",
    "activities.OperatorAct.subject_id": "the archive says yes or no",
    "clusters.Cluster.creator": "the archive lists what they created",
    "tenancy.Organization.contact": "the archive says yes or no",
    "tenancy.ProjectMembership.member": "the archive says in which organization",
    "tenancy.Invitation.inviter": "the archive says in which organization",
    "tenancy.Invitation.address_key": "the archive says to which organization",
    "tenancy.ApiKey.member": "the archive says in which organization",
}


def exports() -> Exports:
    found: Exports = {}
    for package in PACKAGES:
        found |= getattr(import_module(f"adieu.{package}.declarations"), "EXPORTS", {})
    return found


def tables_of(account_id: UUID) -> Mapping[str, Table]:
    tables = [table for keeper in all_keepers() for table in keeper.export(account_id=account_id)]
    named = {table.name: table for table in tables}
    assert len(named) == len(tables), "two tables have one name"
    return named


def personal_fields() -> list[tuple[type[Model], "Field[Any, Any]"]]:
    fates = declared()
    return [
        (model, each)
        for model, each in every_field()
        if fates[model._meta.label][each.name] != Fate.NOT_PERSONAL
    ]


@pytest.mark.parametrize(
    ("model", "each"),
    personal_fields(),
    ids=lambda part: getattr(part, "name", getattr(part, "__name__", "")),
)
def test_every_personal_field_is_exported_or_it_is_said_why_not(
    model: type[Model], each: "Field[Any, Any]"
) -> None:
    said = exports().get(model._meta.label, {}).get(each.name)
    assert said is not None, TO_FIX_THIS.format(model=model._meta.label, field=each.name)
    if isinstance(said, Withheld):
        assert said.why
    else:
        assert said.column in tables_of(uuid4())[said.table].columns


def test_nothing_is_said_of_what_is_not_there_or_not_personal() -> None:
    personal = {(model._meta.label, each.name) for model, each in personal_fields()}
    said = {(label, name) for label, fields in exports().items() for name in fields}
    assert said - personal == set()


def test_other_words_are_said_of_what_is_exported() -> None:
    for name in IN_OTHER_WORDS:
        label, _, each = name.rpartition(".")
        assert isinstance(exports()[label][each], Exported)


def test_every_table_has_a_fixed_name_and_says_what_it_is() -> None:
    for table in tables_of(uuid4()).values():
        assert table.name.replace("_", "").isalpha()
        assert table.name.isascii()
        assert table.name == table.name.lower()
        assert table.about.endswith(".")
        assert all(table.columns.values())


@pytest.mark.django_db(transaction=True, databases=["default", "vault"])
def test_what_is_exported_stands_in_the_archive() -> None:
    """For each field: what its table holds of Alice is found in the column that is said."""
    alice = fill_everything(timezone.now())
    found = {
        table.name: [dict(zip(table.columns, map(plain, row), strict=True)) for row in table.rows()]
        for table in tables_of(alice).values()
    }
    missing = [
        f"{model._meta.label}.{each.name}"
        for model, each in personal_fields()
        if isinstance(said := exports()[model._meta.label][each.name], Exported)
        and not _stands_there(model, each, [row[said.column] for row in found[said.table]])
    ]
    assert missing == []


def _stands_there(model: type[Model], each: "Field[Any, Any]", shown: list[Any]) -> bool:
    if f"{model._meta.label}.{each.name}" in IN_OTHER_WORDS:
        return any(shown)
    held = model._default_manager.values_list(each.attname, flat=True)
    return bool({_said(value) for value in held if value not in {None, ""}} & set(shown))


def _said(value: Any) -> Any:
    return plain(value.astimezone(UTC) if isinstance(value, datetime) else value)
