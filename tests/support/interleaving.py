"""Two operations side by side, step by step, in an order that is chosen.

Each operation runs in a thread with a connection of its own. On PostgreSQL it stops before every statement
that touches something another may touch, and before its commit. On SQLite, which has one writer at a time, a
whole transaction is one step, and so is a statement outside of any. Whoever steers lets one of them do one
step; one that waits for a lock stays where it is until the database lets it go on. `explore` goes through the
orders: those with the fewest switches first, then all others, and at random where they are too many.
"""

import heapq
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from random import Random
from threading import Event, Thread
from time import monotonic
from typing import Any

from django.db import connections

from adieu.kit import sql

# A look at whether a statement waits for a lock, when it has not ended after so many seconds.
PATIENCE = 0.002
TOO_LONG = 30
# What only one account's operations touch commutes with everything, so that a switch before it shows nothing.
SHARED = re.compile(r"\b(?:tenancy|activities|notices)_\w+|\baccounts_account\b|\bdeletion_reasoncount\b")


class Actor:
    """An operation in a thread of its own that stops before each step."""

    def __init__(self, act: Callable[[], object], shared: re.Pattern[str] = SHARED) -> None:
        self.outcome: object = None
        self.is_done = False
        self.is_waiting = False
        self.pid = 0
        self.statements: list[str] = []
        self.stopped = Event()
        self._may_go = Event()
        self._act = act
        self._shared = shared
        self._thread = Thread(target=self._live, daemon=True)
        self._thread.start()

    def go(self) -> None:
        """Do one step."""
        self.stopped.clear()
        self._may_go.set()

    def _live(self) -> None:
        connection: Any = connections["default"]
        commit = connection._commit

        def stop_and_commit() -> None:
            self._stop("COMMIT")
            commit()

        def stop_and_execute(execute: Callable[..., Any], statement: str, *rest: Any) -> Any:
            if self._is_step(connection, statement):
                self._stop(statement)
            return execute(statement, *rest)

        try:
            connection.ensure_connection()
            if connection.vendor == "postgresql":
                self.pid = connection.connection.info.backend_pid
                # Django offers a hook for statements and none for commits.
                connection._commit = stop_and_commit
            with connection.execute_wrapper(stop_and_execute):
                self.outcome = self._act()
        except Exception as error:  # noqa: BLE001 - what was raised is what the test asks about
            self.outcome = error
        finally:
            connections.close_all()
            self.is_done = True
            self.stopped.set()

    def _is_step(self, connection: Any, statement: str) -> bool:
        if connection.vendor == "postgresql":
            return bool(self._shared.search(statement))
        is_alone = not connection.in_atomic_block and self._shared.search(statement)
        return statement.startswith("BEGIN") or bool(is_alone)

    def _stop(self, statement: str) -> None:
        self.statements.append(statement)
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
    def outcomes(self) -> tuple[object, ...]:
        """What each operation returned or raised."""
        return tuple(actor.outcome for actor in self.actors)

    def script(self) -> str:
        """Tell the order in words, for a test that fails."""
        left = [iter(actor.statements) for actor in self.actors]
        return "\n".join(f"{who}: {next(left[who], '')[:110]}" for who in self.order)


type Choose = Callable[[int, tuple[int, ...], int | None], int]


def play(acts: Sequence[Callable[[], object]], choose: Choose, *, shared: re.Pattern[str] = SHARED) -> Play:
    """Play operations to their ends; `choose` says who of the ready goes on, given who went last."""
    actors = tuple(Actor(act, shared) for act in acts)
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


@dataclass
class Exploration:
    """What has been played of all orders."""

    most: int
    random: Random
    at_random: int = 0
    shared: re.Pattern[str] = SHARED
    plays: int = 0
    is_complete: bool = False
    _open: list[tuple[int, int, tuple[int, ...]]] = field(default_factory=list)


def explore(make: Callable[[], Sequence[Callable[[], object]]], exploration: Exploration) -> Iterator[Play]:
    """Play orders of the operations that `make` sets up anew each time.

    The first two are one after the other, either way. Orders with few switches come first; when there are
    more than `most`, `at_random` others follow.
    """
    exploration._open = [(0, 0, (0,)), (0, 1, (1,))]
    while exploration._open and exploration.plays < exploration.most:
        _, _, prefix = heapq.heappop(exploration._open)
        played = play(make(), _follow(prefix), shared=exploration.shared)
        exploration.plays += 1
        yield played
        for branch in _branches(played, len(prefix)):
            heapq.heappush(exploration._open, (_switches(branch, played), len(exploration._open), branch))
    exploration.is_complete = not exploration._open
    for _ in range(0 if exploration.is_complete else exploration.at_random):
        exploration.plays += 1
        choose = partial(_at_random, exploration.random)
        yield play(make(), choose, shared=exploration.shared)


def _at_random(random: Random, _at: int, ready: tuple[int, ...], _last: int | None) -> int:
    return random.choice(ready)


def _follow(prefix: tuple[int, ...]) -> Choose:
    def choose(at: int, ready: tuple[int, ...], last: int | None) -> int:
        if at < len(prefix) and prefix[at] in ready:
            return prefix[at]
        return last if last in ready else ready[0]

    return choose


def _branches(played: Play, start: int) -> Iterator[tuple[int, ...]]:
    for at in range(start, len(played.points)):
        for other in played.points[at].ready:
            if other != played.points[at].chosen:
                yield (*played.order[:at], other)


def _switches(branch: tuple[int, ...], played: Play) -> int:
    """Count how often somebody is interrupted who could have gone on."""
    return sum(
        before != after and before in point.ready
        for (before, after), point in zip(pairwise(branch), played.points[1:], strict=False)
    )
