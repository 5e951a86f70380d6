"""An engine without a database behind it, at the edge of the process: it keeps a file and does as told."""

import shutil
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import Any

from adieu.clusters.engines import Measure, Place, Undestroyed

DATA = "vectors"
PORT_TAKEN = "Another program on this machine uses its port."


@dataclass
class FakeEngine:
    """One cluster's database, as the runner sees it; its fields say what goes wrong."""

    place: Place
    is_up: bool = False
    starts: int = 0
    answers: bool = True
    ended: str | None = None
    ends_at_once: str | None = None
    used_ports: set[int] = field(default_factory=set)
    unable_to_start: OSError | None = None
    unable_to_stop: OSError | None = None
    unable_to_tell: OSError | None = None
    unable_to_destroy: OSError | Undestroyed | None = None
    trouble: str = ""

    def prepare(self) -> None:
        self.place.folder.mkdir(parents=True, exist_ok=True)

    def start(self) -> None:
        if self.unable_to_start:
            raise self.unable_to_start
        if self.is_up:
            return
        assert self.place.folder.is_dir(), "started without a folder"
        (self.place.folder / DATA).touch()
        self.starts += 1
        self.ended = PORT_TAKEN if self.place.port in self.used_ports else self.ends_at_once
        self.is_up = self.ended is None

    def has_answered(self) -> bool:
        return self.is_up and self.answers

    def lacks_port(self) -> bool:
        return self.ended == PORT_TAKEN

    def why_ended(self) -> str | None:
        if self.unable_to_tell:
            raise self.unable_to_tell
        return self.ended

    def crash(self, why: str = "It was killed.") -> None:
        """End as a process does that is killed."""
        self.is_up, self.ended = False, why

    def stop(self, *, patience: float) -> None:
        if self.unable_to_stop and patience:
            raise self.unable_to_stop
        self.is_up, self.ended = False, None

    def measure(self) -> Measure:
        return Measure(memory_bytes=100, disk_bytes=200, trouble=self.trouble)

    def destroy(self) -> None:
        if self.unable_to_destroy:
            raise self.unable_to_destroy
        self.is_up, self.ended = False, None
        shutil.rmtree(self.place.folder, ignore_errors=True)


@dataclass
class FakeEngines:
    """Makes fake engines, and remembers them by cluster; `trouble` is what a new one starts with."""

    made: list[FakeEngine] = field(default_factory=list)
    trouble: dict[str, Any] = field(default_factory=dict)

    def __call__(self, place: Place) -> FakeEngine:
        self.made.append(FakeEngine(place, **self.trouble))
        return self.made[-1]

    @property
    def starting(self) -> list[FakeEngine]:
        return [engine for engine in self.made if engine.is_up and not engine.answers]

    @property
    def last(self) -> FakeEngine:
        return self.made[-1]


class Inline(Executor):
    """Does at once what is handed to it."""

    def submit[**P, T](self, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        done: Future[T] = Future()
        try:
            done.set_result(work(*args, **kwargs))
        except (OSError, Undestroyed) as error:
            done.set_exception(error)
        return done
