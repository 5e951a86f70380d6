"""Where invitations were sent; an address goes when its invitation ends (Rule O3)."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from itertools import batched
from uuid import UUID

from adieu.kit.transactions import transaction
from adieu.vault.checkpoints import owe_compaction
from adieu.vault.models import InvitedAddress
from adieu.vault.router import VAULT

# An address is written before its invitation is committed (Rule P4). No transaction of ours takes this long.
GRACE = timedelta(hours=1)
BATCH = 500


@transaction(using=VAULT)
def keep(addresses: Mapping[UUID, str], *, now: datetime) -> None:
    """Keep the addresses of invitations that are about to be written, by their ids."""
    InvitedAddress.objects.bulk_create(
        InvitedAddress(invitation_id=invitation_id, address=address, created_at=now)
        for invitation_id, address in addresses.items()
    )


def read(invitation_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Read the addresses of many invitations in one query; those that have ended are missing."""
    rows = InvitedAddress.objects.filter(invitation_id__in=list(invitation_ids))
    return dict(rows.values_list("invitation_id", "address"))


def forget(invitation_ids: Iterable[UUID]) -> int:
    """Erase the addresses of invitations that have ended, and tell how many there were."""
    return sum(_forget(batch) for batch in batched(invitation_ids, BATCH, strict=False))


def sweep(
    *, pending: Callable[[list[UUID]], set[UUID]], known: Callable[[list[UUID]], set[UUID]], now: datetime
) -> int:
    """Erase what stayed behind when an invitation ended, or never came to be, and tell how many there were.

    Args:
        pending: Picks the invitations that have not ended.
        known: Picks those that there are; one that is unknown may be about to be written.
        now: Addresses of unknown ones are left alone for an hour.
    """
    swept = 0
    rows = list(InvitedAddress.objects.values_list("invitation_id", "created_at"))
    for batch in batched(rows, BATCH, strict=False):
        ages = {invitation_id: now - created_at for invitation_id, created_at in batch}
        # In this order: what is committed between the two looks is then known and taken for ended by
        # neither.
        there = known(list(ages))
        waiting = pending(list(ages))
        swept += forget(
            each for each, age in ages.items() if each not in waiting and (each in there or age > GRACE)
        )
    return swept


@transaction(using=VAULT)
def _forget(invitation_ids: Iterable[UUID]) -> int:
    erased, _ = InvitedAddress.objects.filter(invitation_id__in=list(invitation_ids)).delete()
    if erased:
        owe_compaction()
    return erased
