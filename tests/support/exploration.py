"""Playing two operations in every order of their steps that can be told from the others.

Orders with the fewest switches come first, then all others, and some at random where they are too many. See
Note [Orders that cannot be told apart] in `footprints`.
"""

import heapq
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from random import Random

from tests.support.footprints import Footprint, commute
from tests.support.interleaving import SHARED, Choose, Order, Play, play, stages


@dataclass
class Exploration:
    """What has been played of all orders."""

    most: int
    random: Random
    at_random: int = 0
    shared: re.Pattern[str] = SHARED
    # Also orders that cannot be told apart.
    is_whole: bool = False
    plays: int = 0
    is_complete: bool = False
    _open: list[tuple[int, int, Order]] = field(default_factory=list)
    _known: set[Order] = field(default_factory=set)
    # Who went on first after an order, of those who could have, and what that step touched.
    _first: dict[Order, tuple[int, Footprint]] = field(default_factory=dict)

    def begin(self) -> None:
        """Put one after the other first, either way."""
        self._known = {(0,), (1,)}
        self._open = [(0, 0, (0,)), (0, 1, (1,))]

    def next(self) -> Order:
        return heapq.heappop(self._open)[-1]

    def learn(self, played: Play) -> None:
        """Put off what is to be played beside what was."""
        self._known |= {played.order[:end] for end in range(len(played.order) + 1)}
        for branch in _branches(played) if self.is_whole else self._telling(played):
            if branch not in self._known:
                self._known.add(branch)
                heapq.heappush(self._open, (_switches(branch, played), len(self._known), branch))

    def _telling(self, played: Play) -> Iterator[Order]:
        """Give the orders in which two steps change places that do not commute."""
        asleep = list(self._asleep(played))
        for early, late in races(played.order[: len(asleep)], played.footprints):
            who = played.order[late]
            if who in played.points[early].ready and who not in asleep[early]:
                yield (*played.order[:early], who)

    def _asleep(self, played: Play) -> Iterator[set[int]]:
        """Tell for each step who slept, up to the one from which on the order is known from another."""
        asleep: dict[int, Footprint] = {}
        for at, (who, step) in enumerate(zip(played.order, played.footprints, strict=True)):
            if who in asleep:
                return
            yield set(asleep)
            first, its_step = self._first.setdefault(played.order[:at], (who, step))
            if first != who:
                asleep[first] = its_step
            asleep = {other: its for other, its in asleep.items() if commute(its, step)}


def races(order: Order, footprints: Sequence[Footprint]) -> Iterator[tuple[int, int]]:
    """Give each two steps that do not commute, with nothing between that keeps them in their order."""
    before: list[set[int]] = []
    for late, who in enumerate(order):
        earlier: set[int] = set()
        for early in reversed(range(late)):
            is_own = order[early] == who
            if not is_own and commute(footprints[early], footprints[late]):
                continue
            if not is_own and early not in earlier:
                yield early, late
            earlier |= {early, *before[early]}
        before.append(earlier)


def explore(make: Callable[[], Sequence[Callable[[], object]]], exploration: Exploration) -> Iterator[Play]:
    """Play orders of the two operations that `make` sets up anew each time.

    The first two are one after the other, either way. Orders with few switches come first; when there are
    more than `most`, `at_random` others follow.
    """
    exploration.begin()
    with stages() as on:
        while exploration._open and exploration.plays < exploration.most:
            played = play(make(), _follow(exploration.next()), on, shared=exploration.shared)
            exploration.plays += 1
            exploration.learn(played)
            yield played
        exploration.is_complete = not exploration._open
        for _ in range(0 if exploration.is_complete else exploration.at_random):
            exploration.plays += 1
            choose = partial(_at_random, exploration.random)
            yield play(make(), choose, on, shared=exploration.shared)


def _at_random(random: Random, _at: int, ready: tuple[int, ...], _last: int | None) -> int:
    return random.choice(ready)


def _follow(prefix: Order) -> Choose:
    def choose(at: int, ready: tuple[int, ...], last: int | None) -> int:
        if at < len(prefix) and prefix[at] in ready:
            return prefix[at]
        return last if last in ready else ready[0]

    return choose


def _branches(played: Play) -> Iterator[Order]:
    for at, point in enumerate(played.points):
        for other in point.ready:
            if other != point.chosen:
                yield (*played.order[:at], other)


def _switches(branch: Order, played: Play) -> int:
    """Count how often somebody is interrupted who could have gone on."""
    return sum(
        before != after and before in point.ready
        for (before, after), point in zip(pairwise(branch), played.points[1:], strict=False)
    )
