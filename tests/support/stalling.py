"""A worker that stops at a crash point, in a thread of its own, until it is told to go on."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread, current_thread

from django.apps import apps
from django.db import connections

from adieu.kit.crashing import installed

TOO_LONG = 30


@dataclass(frozen=True)
class Passing:
    """The n-th time a point is passed, and whether that is in the middle of a transaction."""

    point: str
    time: int
    is_in_transaction: bool = False

    @property
    def is_in_ledger(self) -> bool:
        """Whether this is in the middle of a line: the ledger has one writer at a time."""
        return re.fullmatch(r"ledger\.\w+\.(locked|written)", self.point) is not None


@dataclass
class Recorder:
    """Notes every passing."""

    passings: list[Passing] = field(default_factory=list)
    _seen: Counter[str] = field(default_factory=Counter)

    def __call__(self, point: str) -> None:
        self._seen[point] += 1
        is_in_transaction = any(connection.in_atomic_block for connection in connections.all())
        self.passings.append(Passing(point, self._seen[point], is_in_transaction))


class Stalled:
    """An act that stands still at a passing."""

    def __init__(self, act: Callable[[], object], at: Passing) -> None:
        self.outcome: object = None
        self._at, self._left = at, at.time
        self._arrived, self._may_go = Event(), Event()
        self._thread = Thread(target=self._live, args=(act,), daemon=True)

    def start(self) -> None:
        """Begin, and wait until it stands still."""
        self._thread.start()
        assert self._arrived.wait(TOO_LONG), f"it never came to {self._at}: {self.outcome!r}"

    def wake(self) -> None:
        """Let it go on, and wait for its end."""
        self._may_go.set()
        self._thread.join(TOO_LONG)
        assert not self._thread.is_alive()

    def hook(self, point: str) -> None:
        """Stand still when the thread comes to the passing."""
        if current_thread() is not self._thread or point != self._at.point:
            return
        self._left -= 1
        if self._left == 0:
            self._arrived.set()
            self._may_go.wait(TOO_LONG)

    def _live(self, act: Callable[[], object]) -> None:
        try:
            self.outcome = act()
        except Exception as error:  # noqa: BLE001 - what was raised is what the test asks about
            self.outcome = error
        finally:
            self._arrived.set()
            connections.close_all()


@contextmanager
def stalled(act: Callable[[], object], at: Passing) -> Iterator[Stalled]:
    """Have an act stand still at a passing; it goes on at the end, if not before."""
    worker = Stalled(act, at)
    with installed(worker.hook):
        worker.start()
        try:
            yield worker
        finally:
            worker.wake()


def everything() -> dict[str, list[str]]:
    """Give every row of both databases."""
    tables = {}
    for model in apps.get_models(include_auto_created=True):
        alias = "vault" if model._meta.app_label == "vault" else "default"
        rows = model._default_manager.using(alias).values()
        tables[model._meta.label] = sorted(repr(sorted(row.items())) for row in rows)
    return tables
