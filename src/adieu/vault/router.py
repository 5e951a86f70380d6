# ruff: noqa: SLF001 - a model tells its package by `_meta` only
from typing import Any

from django.db.models import Model

VAULT = "vault"


class VaultRouter:
    """Sends the vault's tables to the vault's database and keeps everything else out of it (Rule P1)."""

    def db_for_read(self, model: type[Model], **hints: Any) -> str | None:
        return VAULT if model._meta.app_label == VAULT else None

    def db_for_write(self, model: type[Model], **hints: Any) -> str | None:
        return VAULT if model._meta.app_label == VAULT else None

    def allow_relation(self, left: Model, right: Model, **hints: Any) -> bool | None:
        if VAULT in {left._meta.app_label, right._meta.app_label}:
            return left._meta.app_label == right._meta.app_label
        return None

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return (db == VAULT) == (app_label == VAULT)
