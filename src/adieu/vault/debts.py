"""Compactions that are owed: a row in the vault, so that a kill loses none. See Note [Three places]."""

from contextvars import ContextVar

from django.db.models import F

from adieu.kit import sql
from adieu.vault.models import Compaction
from adieu.vault.router import VAULT

_is_fresh: ContextVar[bool] = ContextVar("is_fresh", default=False)


def owe_compaction() -> None:
    """Note that copies of what is erased may stand between rows; in the transaction that erases."""
    sql.run(
        "INSERT INTO vault_compaction (id, owed, paid) VALUES (1, 1, 0)"
        " ON CONFLICT (id) DO UPDATE SET owed = vault_compaction.owed + 1",
        using=VAULT,
    )
    _is_fresh.set(True)


def open_debt() -> int | None:
    """Give the number of the newest erasure that is not paid for; None when all are."""
    return Compaction.objects.filter(owed__gt=F("paid")).values_list("owed", flat=True).first()


def pay(debt: int) -> None:
    """Note that everything up to this erasure is paid for; what is erased from here on owes again."""
    Compaction.objects.filter(paid__lt=debt).update(paid=debt)


def has_just_owed() -> bool:
    """Tell whether this thread owed a compaction since it was last asked."""
    is_fresh = _is_fresh.get()
    _is_fresh.set(False)
    return is_fresh
