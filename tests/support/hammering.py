"""Asking all the time, at every process, whether somebody is still let in."""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from tests.support.lines import Caller, Line, Switchboard

LET_IN = 200
REFUSED = {302, 401, 403, 404}
MOST_ROUNDS = 3000
LONGEST = 60
SEEN_BEFORE = 2


@dataclass(frozen=True)
class Thing:
    """Something that somebody holds, what it is good for, and what it hangs on."""

    name: str
    caller: Caller
    path: str
    hangs_on: frozenset[str]


@dataclass(frozen=True)
class Look:
    """One answer: whether somebody was let in by a thing, at a process, at a time."""

    thing: Thing
    pid: int
    is_let_in: bool
    answered_at: float


@dataclass
class Hammering:
    """Threads that ask, one for each process, each thing over an open connection of its own."""

    switchboard: Switchboard
    things: Sequence[Thing]
    looks: list[Look] = field(default_factory=list)
    _stop_at: float = field(default_factory=lambda: time.monotonic() + LONGEST)
    _rounds: dict[int, int] = field(default_factory=dict)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _futures: list[Future[None]] = field(default_factory=list)

    def start(self) -> None:
        """Begin, and wait until each thing was let in at each process a few times."""
        pids = self.switchboard.pids()
        lines = {pid: [(thing, self.switchboard.line(pid)) for thing in self.things] for pid in pids}
        pool = ThreadPoolExecutor(len(pids))
        self._futures = [pool.submit(self._ask_all, pid, lines[pid]) for pid in pids]
        pool.shutdown(wait=False)
        with self._changed:
            self._rounds.update(dict.fromkeys(pids, 0))
        self.wait_for_rounds(SEEN_BEFORE)

    def wait_for_rounds(self, more: int) -> None:
        """Wait until each process was asked for each thing so many times more."""
        with self._changed:
            wanted = {pid: rounds + more for pid, rounds in self._rounds.items()}
            come = self._changed.wait_for(
                lambda: all(self._rounds[pid] >= rounds for pid, rounds in wanted.items()), LONGEST
            )
        assert come, self._rounds

    def stop(self, at: float) -> Sequence[Look]:
        """Go on until a moment, end, and give every answer."""
        with self._changed:
            self._stop_at = min(self._stop_at, at)
        for future in self._futures:
            future.result(LONGEST)
        return sorted(self.looks, key=lambda look: look.answered_at)

    def _ask_all(self, pid: int, lines: list[tuple[Thing, Line]]) -> None:
        for _ in range(MOST_ROUNDS):
            for thing, line in lines:
                answer = line.ask(thing.caller, "GET", thing.path)
                assert answer.status in {LET_IN, *REFUSED}, (thing.name, answer.status, answer.body[:300])
                self.looks.append(Look(thing, pid, answer.status == LET_IN, answer.answered_at))
            with self._changed:
                self._rounds[pid] = self._rounds.get(pid, 0) + 1
                self._changed.notify_all()
                if time.monotonic() > self._stop_at:
                    break
        for _, line in lines:
            self.switchboard.give_back(pid, line)
