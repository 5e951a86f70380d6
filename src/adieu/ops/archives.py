"""Building archives beside the worker's other work: one may take a while, and codes must not wait for it."""

import random
import threading
from collections.abc import Callable
from datetime import datetime

from django.db import connections
from django.utils import timezone

from adieu.archives.building import build_due, is_any_due


class Bench:
    """The one thread in which a worker builds archives."""

    def __init__(self, may_go_on: Callable[[], bool]) -> None:
        """Remember whom to ask whether anything new may be begun."""
        self._may_go_on = may_go_on
        self._thread: threading.Thread | None = None

    def build(self, now: datetime) -> None:
        """Begin with what is due, unless something is under way."""
        if (self._thread is None or not self._thread.is_alive()) and is_any_due(now=now):
            self._thread = threading.Thread(target=self._work, name="archives", daemon=True)
            self._thread.start()

    def leave(self) -> None:
        """Wait until what is under way is finished or given back."""
        if self._thread is not None:
            self._thread.join()

    def _work(self) -> None:
        # The thread has connections of its own.
        try:
            build_due(now=timezone.now, random=random.random, may_go_on=self._may_go_on)
        finally:
            connections.close_all()
