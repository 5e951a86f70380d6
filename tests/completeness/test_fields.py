"""Rule D13: a field that nobody declared fails the build."""

from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.db.models import Field, Model

from adieu.core.declaring import Fate, Fates, Retain

PACKAGES = [
    "accounts",
    "activities",
    "clusters",
    "deletion",
    "identities",
    "kit",
    "ledger",
    "notices",
    "tenancy",
    "vault",
]

TO_FIX_THIS = """
{model}.{field} is not declared. When a person leaves, nobody knows what becomes of it. To fix this:
1. Decide: does it go with the account (Fate.ERASE), is it parted from the person (Fate.ANONYMIZE),
   does it outlive the account (Retain(basis, until)), or is it about no person (Fate.NOT_PERSONAL)?
2. Write it into `declarations.py` of the package that brings the model.
3. If it goes: make that package's keeper erase it (`erase_now` or a step) and find it (`residue`).
4. If it tells who a person is: it belongs into the vault and nowhere else (Rule P1).
"""


def declared() -> Fates:
    fates: Fates = {}
    for package in PACKAGES:
        fates |= import_module(f"adieu.{package}.declarations").FATES
    return fates


def every_field() -> list[tuple[type[Model], "Field[Any, Any]"]]:
    return [
        (model, field)
        for model in apps.get_models(include_auto_created=True)
        for field in [*model._meta.local_fields, *model._meta.local_many_to_many]
    ]


@pytest.mark.parametrize(
    ("model", "field"), every_field(), ids=lambda part: getattr(part, "name", getattr(part, "__name__", ""))
)
def test_every_field_is_declared(model: type[Model], field: "Field[Any, Any]") -> None:
    fate = declared().get(model._meta.label, {}).get(field.name)
    assert fate is not None, TO_FIX_THIS.format(model=model._meta.label, field=field.name)
    assert isinstance(fate, Fate | Retain)


def test_nothing_is_declared_that_does_not_exist() -> None:
    existing = {(model._meta.label, field.name) for model, field in every_field()}
    stale = {(label, name) for label, fields in declared().items() for name in fields} - existing
    assert not stale


def test_what_is_retained_says_why_and_until_when() -> None:
    retained = [
        fate for fields in declared().values() for fate in fields.values() if isinstance(fate, Retain)
    ]
    assert retained
    assert all(fate.basis and fate.until for fate in retained)


def test_vault_fields_are_never_retained() -> None:
    vault = {label: fields for label, fields in declared().items() if label.startswith("vault.")}
    assert vault
    assert not [fate for fields in vault.values() for fate in fields.values() if isinstance(fate, Retain)]
