"""A limit is a strict sliding window, counts tries that are refused later, and stores no readable key."""

from datetime import datetime, timedelta

import pytest
from django.core.cache import cache
from django.db import connection

from adieu.kit import limits
from adieu.kit.limits import LimitReached
from adieu.kit.models import CacheEntry, RateWindow

pytestmark = pytest.mark.django_db(databases=["default", "vault"])
HOUR = timedelta(hours=1)
KEY = "code:alice@example.org"


def take(now: datetime, *, key: str = KEY) -> None:
    limits.take(key=key, limit=2, per=HOUR, now=now)


def test_window_slides(now: datetime) -> None:
    take(now)
    take(now + timedelta(minutes=40))
    with pytest.raises(LimitReached) as caught:
        take(now + timedelta(minutes=50))
    assert caught.value.retry_after == timedelta(minutes=10)
    # The first try has left the window, the second has not.
    take(now + HOUR)
    with pytest.raises(LimitReached) as caught:
        take(now + HOUR + timedelta(minutes=1))
    assert caught.value.retry_after == timedelta(minutes=39)


def test_refused_try_counts_for_nothing(now: datetime) -> None:
    take(now)
    take(now)
    for minute in range(1, 60):
        with pytest.raises(LimitReached):
            take(now + timedelta(minutes=minute))
    take(now + HOUR)


def test_keys_do_not_share(now: datetime) -> None:
    take(now)
    take(now)
    take(now, key="code:bob@example.org")


def test_message_is_the_fact(now: datetime) -> None:
    with pytest.raises(LimitReached, match=r"^That was tried too often\.$"):
        limits.take(key=KEY, limit=0, per=HOUR, now=now)


def test_sweep(now: datetime) -> None:
    take(now)
    take(now + timedelta(minutes=30), key="another")
    assert limits.sweep(now=now + HOUR) == 1
    assert RateWindow.objects.count() == 1


def test_no_readable_key_is_stored(now: datetime) -> None:
    take(now)
    cache.set("login:alice@example.org", 1)
    assert cache.get("login:alice@example.org") == 1
    stored = [
        *RateWindow.objects.values_list("key", flat=True),
        *CacheEntry.objects.values_list("cache_key", flat=True),
    ]
    assert len(stored) == 2
    assert all(len(key) == 64 and int(key, 16) for key in stored)


def test_cache_is_in_the_main_database(now: datetime) -> None:
    cache.set("a", "b")
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM kit_cacheentry")
        assert cursor.fetchone() == (1,)
