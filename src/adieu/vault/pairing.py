"""Whose vault this is, so that nobody starts with the vault of another installation."""

import hmac
from collections.abc import Mapping

from adieu.core.keys import derive_key
from adieu.kit.errors import UnableToStart
from adieu.vault.models import Entry, Pairing


class LostVault(UnableToStart):
    """The vault is empty, but its accounts are there; bring it back from a copy."""


class ForeignVault(UnableToStart):
    """The vault belongs to another installation, or the pepper is not the one it was made with."""


class VaultNeedsPepper(ForeignVault):
    """A pepper is missing that the vault was marked under, if it is the vault of this installation."""

    def __init__(self, version: int) -> None:
        super().__init__(
            f"The vault needs pepper {version}, and it is not here: bring keys/pepper-{version}.key, or its"
            " word in ADIEU_PEPPER, from where the other keys are; or the vault is another installation's."
        )


class UnpairedVault(UnableToStart):
    """The vault waits for `adieu migrate`."""


def pair(*, peppers: Mapping[int, bytes], has_accounts: bool) -> None:
    """Mark a new vault as ours, or make sure that it is.

    Args:
        peppers: by version; a mark holds under the pepper it was made with (Rule C4).
        has_accounts: whether there is somebody whom the vault must know.

    Raises:
        LostVault: it is new, and would take nobody's mail and show everyone as deleted.
        ForeignVault: it is somebody else's.
    """
    if has_accounts and not Pairing.objects.exists() and not Entry.objects.exists():
        raise LostVault
    newest = max(peppers)
    # Two processes that start at once mark it the same.
    fresh = Pairing(pepper_version=newest, mark=_mark(peppers[newest]))
    Pairing.objects.bulk_create([fresh], ignore_conflicts=True)
    require_ours(peppers=peppers)


def require_ours(*, peppers: Mapping[int, bytes]) -> None:
    """Make sure that a vault is ours, and write nothing.

    Raises:
        UnpairedVault: it is nobody's yet.
        ForeignVault: it is somebody else's.
    """
    found = Pairing.objects.first()
    if found is None:
        raise UnpairedVault
    pepper = peppers.get(found.pepper_version)
    if pepper is None:
        raise VaultNeedsPepper(found.pepper_version)
    if not hmac.compare_digest(found.mark, _mark(pepper)):
        raise ForeignVault


def renew(*, peppers: Mapping[int, bytes]) -> None:
    """Mark the vault as ours under the newest pepper, so that nobody starts without it or with another."""
    newest = max(peppers)
    older = Pairing.objects.filter(pepper_version__lt=newest)
    older.update(pepper_version=newest, mark=_mark(peppers[newest]))


def _mark(pepper: bytes) -> str:
    return derive_key(pepper, "vault pairing").hex()
