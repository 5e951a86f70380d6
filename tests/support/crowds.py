"""Many at once: threads that start together, each with its own connections."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Barrier
from typing import Any

from django.db import connection, connections

from adieu.kit import sql


def all_at_once(*acts: Callable[[], object]) -> Sequence[object]:
    """Do every act in a thread of its own, starting together; give what each returned or raised."""
    start = Barrier(len(acts))

    def act_together(act: Callable[[], object]) -> object:
        start.wait(timeout=30)
        try:
            return act()
        except Exception as error:  # noqa: BLE001 - what was raised is what the test asks about
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(act_together, acts))


def wait_until_stopped(running: Future[Any]) -> None:
    """Wait until somebody is done or waits for a lock; on SQLite, which shows no locks, do not wait."""
    if connection.vendor != "postgresql":
        return
    waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    while not running.done() and not sql.rows(waiting):
        # Inside a transaction, as a crash point may be, the first look would be shown again and again.
        sql.rows("SELECT pg_stat_clear_snapshot()")
