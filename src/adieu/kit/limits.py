"""Limits on how often something may be tried (Rule A5)."""

import hashlib
import hmac
from datetime import datetime, timedelta

from django.conf import settings

from adieu.kit.errors import Fact
from adieu.kit.models import RateWindow
from adieu.kit.transactions import transaction


class LimitReached(Fact):
    """That was tried too often."""

    def __init__(self, *, retry_after: timedelta) -> None:
        super().__init__()
        self.retry_after = retry_after


def take(*, key: str, limit: int, per: timedelta, now: datetime) -> None:
    """Use one of `limit` tries in any window of the length `per`.

    It commits by itself, so the try counts even if the caller then refuses; call it outside a transaction.

    Args:
        key: what is limited, and for whom. It goes through the pepper, so it may be personal (Rule A8).

    Raises:
        LimitReached: the tries are used up; a refused try counts for nothing.
    """
    with transaction():
        window = _locked_window(digest=_digest(key), expires_at=now + per)
        recent = [used for used in window.used_at if used > (now - per).timestamp()]
        if len(recent) >= limit:
            raise LimitReached(retry_after=_wait(recent=recent, limit=limit, per=per, now=now))
        window.used_at = [*recent, now.timestamp()]
        window.save(update_fields=["used_at"])


def sweep(*, now: datetime) -> int:
    """Erase the windows that count for nothing any more (Rule A8) and tell how many."""
    return RateWindow.objects.filter(expires_at__lte=now).delete()[0]


def _locked_window(*, digest: str, expires_at: datetime) -> RateWindow:
    # The upsert locks the row whether it was there or not. "Insert, else select" would let a sweep
    # delete the row in between.
    RateWindow.objects.bulk_create(
        [RateWindow(key=digest, expires_at=expires_at)],
        update_conflicts=True,
        update_fields=["expires_at"],
        unique_fields=["key"],
    )
    return RateWindow.objects.get(key=digest)


def _wait(*, recent: list[float], limit: int, per: timedelta, now: datetime) -> timedelta:
    if limit < 1:
        return per
    frees_up = sorted(recent)[len(recent) - limit]
    return per - timedelta(seconds=now.timestamp() - frees_up)


def _digest(key: str) -> str:
    pepper = settings.PEPPERS[max(settings.PEPPERS)]
    return hmac.new(pepper, b"limit\0" + key.encode(), hashlib.sha256).hexdigest()
