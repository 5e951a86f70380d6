"""Two operations side by side, step by step, in an order that is chosen.

Each operation runs in a thread with a connection of its own. On PostgreSQL it stops before every statement
that touches something another may touch, and before its commit. On SQLite, which has one writer at a time, a
whole transaction is one step, and so is a statement outside of any. Whoever steers lets one of them do one
step; one that waits for a lock stays where it is until the database lets it go on. `exploration.explore` goes
through the orders.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from threading import Event
from time import monotonic
from typing import Any

from django.db import connections

from adieu.kit import sql
from tests.support.footprints import Footprint, Recorder

# A look at whether a statement waits for a lock, when it has not ended after so many seconds.
PATIENCE = 0.01
TOO_LONG = 30
type Order = tuple[int, ...]
# What only one account's operations touch commutes with everything, so that a switch before it shows nothing.
SHARED = re.compile(r"\b(?:tenancy|activities|notices)_\w+|\baccounts_account\b|\bdeletion_reasoncount\b")


class Actor:
    """An operation in a thread of its own that stops before each step."""

    def __init__(self, act: Callable[[], object], shared: re.Pattern[str], stage: ThreadPoolExecutor) -> None:
        self.outcome: object = None
        self.is_done = False
        self.is_waiting = False
        self.pid = 0
        self.statements: list[str] = []
        # The first is of what runs before the first stop.
        self.footprints = [Footprint()]
        self.stopped = Event()
        self._may_go = Event()
        self._act = act
        self._shared = shared
        stage.submit(self._live)

    def go(self) -> None:
        """Do one step."""
        self.stopped.clear()
        self._may_go.set()

    def _live(self) -> None:
        try:
            with ExitStack() as stack:
                for connection in connections.all():
                    self._steer(connection, stack)
                self.outcome = self._act()
        except Exception as error:  # noqa: BLE001 - what was raised is what the test asks about
            self.outcome = error
        finally:
            self.is_done = True
            self.stopped.set()

    def _steer(self, connection: Any, stack: ExitStack) -> None:
        """Stop before each step, and note what each touches."""
        is_main = connection.alias == "default"
        stops_at_commit = is_main and connection.vendor == "postgresql"
        recorder = Recorder(connection, lambda: self.footprints[-1])
        commit, rollback = connection._commit, connection._rollback

        def stop_and_commit() -> None:
            if stops_at_commit:
                self._stop("COMMIT")
            recorder.note_end()
            commit()

        def note_and_roll_back() -> None:
            recorder.note_end()
            rollback()

        def stop_and_execute(execute: Callable[..., Any], statement: str, *rest: Any) -> Any:
            if is_main and self._is_step(connection, statement):
                self._stop(statement)
            recorder.note(statement)
            return execute(statement, *rest)

        if stops_at_commit:
            connection.ensure_connection()
            self.pid = connection.connection.info.backend_pid
        # Django offers a hook for statements and none for the ends of transactions.
        connection._commit, connection._rollback = stop_and_commit, note_and_roll_back
        stack.callback(delattr, connection, "_commit")
        stack.callback(delattr, connection, "_rollback")
        stack.enter_context(connection.execute_wrapper(stop_and_execute))

    def _is_step(self, connection: Any, statement: str) -> bool:
        if connection.vendor == "postgresql":
            return bool(self._shared.search(statement))
        is_alone = not connection.in_atomic_block and self._shared.search(statement)
        return statement.startswith("BEGIN") or bool(is_alone)

    def _stop(self, statement: str) -> None:
        self.statements.append(statement)
        self.footprints.append(Footprint())
        self.stopped.set()
        if not self._may_go.wait(timeout=TOO_LONG):
            raise TimeoutError
        self._may_go.clear()


@dataclass(frozen=True)
class Point:
    """A moment at which somebody was let go on: who could have, and who did."""

    ready: tuple[int, ...]
    chosen: int


@dataclass(frozen=True)
class Play:
    """One order, played to its end."""

    points: tuple[Point, ...]
    actors: tuple[Actor, ...]

    @property
    def order(self) -> tuple[int, ...]:
        """Who went on, step by step."""
        return tuple(point.chosen for point in self.points)

    @property
    def footprints(self) -> list[Footprint]:
        """What each step touched."""
        steps = [iter(actor.footprints[1:]) for actor in self.actors]
        return [next(steps[who], Footprint()) for who in self.order]

    @property
    def outcomes(self) -> tuple[object, ...]:
        """What each operation returned or raised."""
        return tuple(actor.outcome for actor in self.actors)

    def script(self) -> str:
        """Tell the order in words, for a test that fails."""
        left = [iter(actor.statements) for actor in self.actors]
        return "\n".join(f"{who}: {next(left[who], '')[:110]}" for who in self.order)


type Choose = Callable[[int, tuple[int, ...], int | None], int]


@contextmanager
def stages() -> Iterator[list[ThreadPoolExecutor]]:
    """Give two threads to play in, which keep their connections: to connect takes longer than most plays."""
    both = [ThreadPoolExecutor(max_workers=1) for _ in range(2)]
    try:
        yield both
    finally:
        for stage in both:
            stage.submit(connections.close_all)
            stage.shutdown()


def play(
    acts: Sequence[Callable[[], object]],
    choose: Choose,
    on: Sequence[ThreadPoolExecutor],
    *,
    shared: re.Pattern[str] = SHARED,
) -> Play:
    """Play operations to their ends; `choose` says who of the ready goes on, given who went last."""
    actors = tuple(Actor(act, shared, stage) for act, stage in zip(acts, on, strict=True))
    points: list[Point] = []
    ends_at = monotonic() + TOO_LONG
    while not all(actor.is_done for actor in actors):
        for actor in actors:
            _settle(actor, ends_at)
        ready = tuple(who for who, actor in enumerate(actors) if actor.stopped.is_set() and not actor.is_done)
        # Nobody is ready while each waits for the other: PostgreSQL ends one of them after a second.
        if ready:
            chosen = choose(len(points), ready, points[-1].chosen if points else None)
            points.append(Point(ready, chosen))
            actors[chosen].go()
    return Play(tuple(points), actors)


def _settle(actor: Actor, ends_at: float) -> None:
    """Wait until the operation has come to its next step or its end, or waits for a lock."""
    # Whoever waited at the last look most likely still does.
    while not actor.stopped.wait(timeout=0 if actor.is_waiting else PATIENCE):
        blocking = "SELECT 1 WHERE cardinality(pg_blocking_pids(%s)) > 0"
        actor.is_waiting = bool(actor.pid and sql.rows(blocking, [actor.pid]))
        if actor.is_waiting:
            return
        if monotonic() > ends_at:
            raise TimeoutError(actor.statements[-1:])
