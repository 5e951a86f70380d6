"""Tries that come at once are counted one by one, on every database."""

import threading
from datetime import datetime, timedelta

import pytest
from django.db import connections

from adieu.kit import limits
from adieu.kit.limits import LimitReached

TRIES, LIMIT = 12, 5


@pytest.mark.django_db(databases=["default", "vault"], transaction=True)
def test_twelve_at_once_of_which_five_may(now: datetime) -> None:
    outcomes: list[bool] = []
    together = threading.Barrier(TRIES)

    def attempt() -> None:
        together.wait()
        try:
            limits.take(key="code:alice@example.org", limit=LIMIT, per=timedelta(hours=1), now=now)
            outcomes.append(True)
        except LimitReached:
            outcomes.append(False)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=attempt) for _ in range(TRIES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [False] * (TRIES - LIMIT) + [True] * LIMIT
