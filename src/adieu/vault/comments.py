"""Comments on leaving: bound to their request, then to nothing, then gone (Rule D3)."""

import secrets
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError

from adieu.kit.transactions import transaction
from adieu.vault.checkpoints import owe_compaction
from adieu.vault.fields import comment_field
from adieu.vault.models import Comment, CommentRound
from adieu.vault.router import VAULT

LARGEST_KEY = 2**31 - 1


def keep_comment(*, request_id: UUID, text: str) -> None:
    """Keep the comment of a request in place of an earlier one; an empty text keeps none.

    Raises:
        TooLong, UnusableCharacter: the text cannot be kept.
    """
    kept = comment_field(text)
    if not kept:
        forget_comment(request_id=request_id)
        return

    def keep(key: int) -> None:
        if not Comment.objects.filter(request_id=request_id).update(text=kept):
            Comment.objects.create(key=key, request_id=request_id, text=kept)

    _with_random_key(keep)


@transaction(using=VAULT)
def forget_comment(*, request_id: UUID) -> None:
    """Erase the comment of a request that was cancelled."""
    if Comment.objects.filter(request_id=request_id).delete()[0]:
        owe_compaction()


def loosen_comment(*, request_id: UUID) -> None:
    """Cut a comment from its request; any number of times.

    It gets another key, so that an older copy of the vault does not tell whose it was.
    """

    def loosen(key: int) -> None:
        if Comment.objects.filter(request_id=request_id).update(key=key, request_id=None):
            owe_compaction()

    _with_random_key(loosen)


def sweep_strays(*, in_use: Callable[[list[UUID]], set[UUID]]) -> int:
    """Erase the comments of requests that came to an end without telling the vault, and tell how many.

    A kill between the main database and the vault leaves one, and so does a second tab that keeps its comment
    after the deletion (Rule P4).

    Args:
        in_use: picks the requests whose comment is still to be kept or parted.
    """
    bound = list(Comment.objects.exclude(request_id=None).values_list("request_id", flat=True))
    request_ids = [request_id for request_id in bound if request_id is not None]
    strays = set(request_ids) - in_use(request_ids)
    for request_id in strays:
        forget_comment(request_id=request_id)
    return len(strays)


@transaction(using=VAULT)
def sweep_comments(*, now: datetime) -> int:
    """Clear all loosened comments once a year and tell how many there were.

    Nothing dates a comment, so all go together on 1 January: none lives longer than 12 months.
    A vault that knows of no clearing counts as one that was never cleared.
    """
    if CommentRound.objects.filter(cleared_in_year__gte=now.year).exists():
        return 0
    cleared, _ = Comment.objects.filter(request_id=None).delete()
    if cleared:
        owe_compaction()
    CommentRound.objects.update_or_create(id=1, defaults={"cleared_in_year": now.year})
    return cleared


def _with_random_key(write: Callable[[int], object]) -> None:
    """Write under a random key, and again when that is in use or another tab wrote at the same time."""
    while True:
        try:
            with transaction(using=VAULT):
                write(1 + secrets.randbelow(LARGEST_KEY))
        except IntegrityError:
            continue
        return
