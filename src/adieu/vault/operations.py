"""Writing, cutting down and erasing what tells who a person is (Rules P1, P4)."""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from itertools import batched
from uuid import UUID

from adieu.kit.transactions import transaction
from adieu.vault.checkpoints import UnableToCheckpoint, checkpoint, owe_compaction
from adieu.vault.comments import forget_comment, keep_comment, loosen_comment, sweep_comments
from adieu.vault.fields import country_field, name_field
from adieu.vault.models import Entry, Mail
from adieu.vault.router import VAULT

__all__ = [
    "UnableToCheckpoint",
    "change_profile",
    "checkpoint",
    "cut_down",
    "erase",
    "erase_mails",
    "forget_comment",
    "keep_comment",
    "loosen_comment",
    "owe_compaction",
    "put",
    "sweep_comments",
    "sweep_orphans",
]

# A sign-up writes the entry first and the account a moment later (Rule P4).
GRACE = timedelta(hours=1)
BATCH = 500


# A transaction of its own, never part of a larger one: the entry is durable when this returns (Rule P4).
@transaction(using=VAULT)
def put(
    *, account_id: UUID, address: str, now: datetime, name: str = "", company: str = "", country: str = ""
) -> None:
    """Write an account's entry, before the main transaction that makes the account.

    Raises:
        TooLong, UnusableCharacter, UnknownCountry: a field cannot be kept.
    """
    entry = Entry(
        account_id=account_id,
        address=address,
        name=name_field(name),
        company=name_field(company),
        country=country_field(country),
        created_at=now,
    )
    Entry.objects.bulk_create(
        [entry],
        update_conflicts=True,
        unique_fields=["account_id"],
        update_fields=["address", "name", "company", "country"],
    )


def change_profile(*, account_id: UUID, name: str, company: str, country: str) -> None:
    """Change what a person said about themselves; an entry that is gone stays gone.

    Raises:
        TooLong, UnusableCharacter, UnknownCountry: a field cannot be kept.
    """
    Entry.objects.filter(account_id=account_id).update(
        name=name_field(name), company=name_field(company), country=country_field(country)
    )


@transaction(using=VAULT)
def cut_down(*, account_id: UUID) -> None:
    """Leave the address, which the farewell mail needs, and nothing else (Rule D9)."""
    more = Entry.objects.filter(account_id=account_id).exclude(name="", company="", country="")
    if more.update(name="", company="", country=""):
        owe_compaction()


@transaction(using=VAULT)
def erase(*, account_id: UUID) -> None:
    """Erase an entry; no byte of it is left once checkpoint() has returned (Rule P3)."""
    if Entry.objects.filter(account_id=account_id).delete()[0]:
        owe_compaction()


@transaction(using=VAULT)
def erase_mails(*, notice_ids: Collection[UUID]) -> None:
    """Erase mails that waited to be sent to somebody who is gone; no byte is left after checkpoint()."""
    if Mail.objects.filter(notice_id__in=notice_ids).delete()[0]:
        owe_compaction()


def sweep_orphans(*, known_account_ids: Callable[[list[UUID]], set[UUID]], now: datetime) -> int:
    """Erase entries whose main transaction never came (Rule P4) and tell how many there were.

    Args:
        known_account_ids: picks those that have an account, or a deletion that still needs the address.
        now: entries younger than an hour are left alone.
    """
    old = Entry.objects.filter(created_at__lt=now - GRACE).values_list("account_id", flat=True)
    swept = 0
    for account_ids in batched(list(old), BATCH, strict=False):
        orphans = set(account_ids) - known_account_ids(list(account_ids))
        swept += _erase_orphans(orphans)
    return swept


@transaction(using=VAULT)
def _erase_orphans(orphans: set[UUID]) -> int:
    if not orphans:
        return 0
    owe_compaction()
    return Entry.objects.filter(account_id__in=orphans).delete()[0]
