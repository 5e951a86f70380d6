"""The step a worker has in hand: its lease beats while the worker lives, and it can be given back."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db import connections

from adieu.deletion.queue import LEASE, Claimed, give_back, renew_lease
from adieu.kit import logs

BEAT = LEASE / 3


class Hand:
    """What one worker has in hand; another thread of its process may give it back."""

    def __init__(self, *, beat: timedelta = BEAT) -> None:
        """Remember how often a lease is renewed."""
        self._claimed: Claimed | None = None
        self._beat = beat

    @contextmanager
    def holding(self, claimed: Claimed, *, now: Callable[[], datetime]) -> Iterator[None]:
        """Keep a step's lease alive while it is done.

        It stays in hand when the block ends, until `let_go`: when the database goes away before the step is
        settled, the next look gives it back instead of waiting for the end of the lease.
        """
        self._claimed = claimed
        is_over = threading.Event()
        heart = threading.Thread(target=self._keep_alive, args=(claimed, now, is_over), daemon=True)
        heart.start()
        try:
            yield
        finally:
            is_over.set()
            heart.join()

    def let_go(self) -> None:
        """Have nothing in hand: what was is settled."""
        self._claimed = None

    def give_back(self, *, now: datetime) -> bool:
        """Let another worker have what is in hand, if anything is; tell whether it was still ours."""
        claimed = self._claimed
        if claimed is None:
            return False
        is_ours = give_back(claimed, now=now)
        self._claimed = None
        return is_ours

    def _keep_alive(self, claimed: Claimed, now: Callable[[], datetime], is_over: threading.Event) -> None:
        # The thread has connections of its own, which open with the first beat: most steps end long before.
        try:
            while not is_over.wait(self._beat.total_seconds()) and _beats(claimed, now):
                pass
        finally:
            connections.close_all()


def _beats(claimed: Claimed, now: Callable[[], datetime]) -> bool:
    try:
        return renew_lease(claimed, now=now())
    except Exception as error:  # noqa: BLE001 - while the database is away, the lease is tried again
        logs.record("step.lease_not_renewed", level=logging.WARNING, exception=error, step=claimed.id)
        connections.close_all()
        return True
