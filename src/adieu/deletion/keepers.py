"""The keepers of this installation, in the order in which they lock and erase."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from uuid import UUID

from django.conf import settings
from django.utils.module_loading import import_string

from adieu.core.keeping import Blocker, Description, Keeper, Override, Subject


@cache
def all_keepers() -> tuple[Keeper, ...]:
    """Give the keepers that the setting `DELETION_KEEPERS` names; the one of the account row comes last."""
    return tuple(import_string(path)() for path in settings.DELETION_KEEPERS)


def keeper_named(name: str) -> Keeper:
    """Find the keeper that declared a step."""
    return next(keeper for keeper in all_keepers() if keeper.name == name)


def find_blockers(*, account_id: UUID) -> list[Blocker]:
    """Name everything that must be settled first, all at once (Rule D2)."""
    return [blocker for keeper in all_keepers() for blocker in keeper.find_blockers(account_id=account_id)]


def lock_all(*, account_id: UUID, heir_id: UUID | None = None) -> None:
    """Lock everything of the person, the account row first (Note [The order of erasing]).

    The account of whoever takes over what they own is locked with theirs, in the order of the ids: two may be
    named as each other's heirs at the same time.
    """
    accounts, *others = reversed(all_keepers())
    for each in sorted({account_id, heir_id or account_id}):
        accounts.lock(account_id=each)
    for keeper in others:
        keeper.lock(account_id=account_id)


def settle_blockers(*, account_id: UUID, override: Override | None, now: datetime) -> None:
    """Let every keeper settle what is in the way; all of it is locked."""
    for keeper in all_keepers():
        keeper.settle_blockers(account_id=account_id, override=override, now=now)


def owned(*, account_id: UUID) -> list[Subject]:
    """Name everything the person owns, which the code is bound to (Rule D4)."""
    return [subject for keeper in all_keepers() for subject in keeper.owned(account_id=account_id)]


def describe(*, account_id: UUID) -> Description:
    """Join what all keepers say goes and stays (Rule D5)."""
    parts: Sequence[Description] = [keeper.describe(account_id=account_id) for keeper in all_keepers()]
    return Description(
        goes=tuple(going for part in parts for going in part.goes if going.count),
        stays=tuple(staying for part in parts for staying in part.stays),
        told=tuple(person for part in parts for person in part.told),
    )
