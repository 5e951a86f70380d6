"""Who is inside, and asking again whether they still may be (Rules K1, D7).

Note [Asked again and again]
Nobody tells an engine that a key was revoked. It asks: before a call is let in, unless the same token was
let in less than `fresh` seconds ago, and again every `ask_every` seconds for every token that has a call
open or used the cluster lately. So no call of a busy client waits for the answer, and a call that is open
when the key goes ends at the next answer.

Who cannot be asked about does not stay: when no answer came for `unsure` seconds, the calls of that token
end as if it had been no. Otherwise a database that hangs would let someone in who left before it hung. All
three together stay below the one second of Rule D7.

All asking is done by one thread, so that a cluster holds one connection to the database, and none while
nobody uses it.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NoAnswerInTime
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Protocol

from adieu.clusters.doors import DoorShut, WhoMayUse
from adieu.kit import logs

NOT_ASKED = "Whether you may use this cluster cannot be found out now. Try again."


class Context(Protocol):
    """What is used here of the context of a gRPC call."""

    def cancel(self) -> bool:
        """End the call, from whatever thread."""

    def is_active(self) -> bool:
        """Tell whether the caller still waits."""


class Lasting(Context, Protocol):
    """A call that tells when it is over."""

    def add_callback(self, callback: Callable[[], None]) -> bool:
        """Have something done when it is over, unless it is over already."""


@dataclass(frozen=True)
class Times:
    """How long things may take, in seconds."""

    fresh: float = 0.3
    ask_every: float = 0.25
    unsure: float = 0.75
    look_every: float = 0.05
    # A look that comes so long after the last one says more of this process than of the database.
    late: float = 0.3
    # Used within that time, a token is asked about without a call.
    lately: float = 1
    # A call that waits for its answer.
    patience: float = 3
    # The message of a call, from its first byte to its last.
    message: float = 60
    # After that time without anybody, the connection to the database is given back.
    rest: float = 5


@dataclass(eq=False)
class Call:
    """One call that is open, and when its message was first waited for."""

    context: Context
    began_at: float
    has_message: bool = False


@dataclass
class Guest:
    """A token that was let in: when that was last asked, and what it has open."""

    asked_at: float
    used_at: float
    calls: set[Call] = field(default_factory=set)


class Visits:
    """Lets calls in, and ends those of whoever may not stay."""

    def __init__(
        self,
        who_may_use: WhoMayUse,
        *,
        rest: Callable[[], None] = lambda: None,
        times: Times | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._who_may_use, self._rest, self._now = who_may_use, rest, now
        self._times = times or Times()
        self._guests: dict[str, Guest] = {}
        self._lock = threading.Lock()
        self._asker = ThreadPoolExecutor(1, thread_name_prefix="asker")
        self._round: Future[None] | None = None
        self._is_told = threading.Event()
        self._is_resting = self._is_answered = True
        self._last_seen = self._looked_at = now()

    def watch(self) -> None:
        """Look after open calls until told to end; runs in a thread of its own."""
        while not self._is_told.wait(self._times.look_every):
            self.look()

    def end(self) -> None:
        """Stop looking."""
        self._is_told.set()
        self._asker.shutdown(wait=False, cancel_futures=True)

    @contextmanager
    def visit(self, token: str, context: Context) -> Iterator[Call]:
        """Let one call in for as long as it is open.

        Raises:
            DoorShut: it may not come in.
        """
        call = self._enter(token, context)
        try:
            yield call
        finally:
            self._leave(token, call)

    def stay(self, token: str, context: Lasting) -> Call:
        """Let one call in until its answer is sent: who reads slowly gets no more of it once they have to go.

        Raises:
            DoorShut: it may not come in.
        """
        call = self._enter(token, context)
        if not context.add_callback(lambda: self._leave(token, call)):
            self._leave(token, call)
        return call

    @property
    def looked_at(self) -> float:
        """When it looked last."""
        return self._looked_at

    def is_quiet(self) -> bool:
        """Tell whether nothing is being asked now."""
        return self._round is None or self._round.done()

    def look(self) -> None:
        """Ask again for whom it is time, and end what may not stay."""
        now = self._now()
        if self.is_quiet():
            due = self._due(now)
            self._round = self._asker.submit(self._ask_again, due) if due else None
        is_late, self._looked_at = now - self._looked_at > self._times.late, now
        # Whoever was held up, as by a long message, asks before it cuts.
        for call in () if is_late else self._overdue(now):
            call.context.cancel()
        self._rest_if_alone(now)

    def _enter(self, token: str, context: Context) -> Call:
        call = Call(context, self._now())
        if self._join(token, call, call.began_at - self._times.fresh):
            return call
        asked_at = self._answer(token)
        with self._lock:
            guest = self._guests.setdefault(token, Guest(asked_at, call.began_at))
            guest.asked_at = max(guest.asked_at, asked_at)
            guest.used_at = call.began_at
            guest.calls.add(call)
            self._is_resting = False
        return call

    def _join(self, token: str, call: Call, oldest: float) -> bool:
        with self._lock:
            guest = self._guests.get(token)
            if guest is None or guest.asked_at < oldest:
                return False
            guest.used_at = call.began_at
            guest.calls.add(call)
            return True

    def _leave(self, token: str, call: Call) -> None:
        with self._lock:
            if guest := self._guests.get(token):
                guest.calls.discard(call)

    def _answer(self, token: str) -> float:
        """Ask now, and give the time of asking."""
        asked = self._asker.submit(self._ask, token)
        try:
            return asked.result(self._times.patience)
        except DoorShut:
            raise
        except NoAnswerInTime:
            asked.cancel()
            raise DoorShut(NOT_ASKED) from None
        except Exception:  # noqa: BLE001 - whatever keeps us from asking
            raise DoorShut(NOT_ASKED) from None

    def _ask(self, token: str) -> float:
        asked_at = self._now()
        try:
            self._who_may_use(token)
        except DoorShut:
            self._is_answered = True
            raise
        except Exception as error:
            # Once, not at every look.
            if self._is_answered:
                logs.record("cluster_door.not_asked", level=logging.WARNING, exception=error)
            self._is_answered = False
            raise
        self._is_answered = True
        return asked_at

    def _ask_again(self, tokens: list[str]) -> None:
        for token in tokens:
            # Any other error was logged, and the token stays due; `_overdue` ends it in time.
            with suppress(Exception):
                self._ask_again_about(token)

    def _ask_again_about(self, token: str) -> None:
        try:
            asked_at = self._ask(token)
        except DoorShut:
            for call in self._forget(token):
                call.context.cancel()
            return
        with self._lock:
            if guest := self._guests.get(token):
                guest.asked_at = asked_at

    def _forget(self, token: str) -> set[Call]:
        with self._lock:
            guest = self._guests.pop(token, None)
            return set() if guest is None else set(guest.calls)

    def _due(self, now: float) -> list[str]:
        """Name the tokens to ask about, and forget those that nobody uses any more."""
        with self._lock:
            for token in [token for token, guest in self._guests.items() if not self._is_here(guest, now)]:
                del self._guests[token]
            due = now - self._times.ask_every
            return [token for token, guest in self._guests.items() if guest.asked_at <= due]

    def _is_here(self, guest: Guest, now: float) -> bool:
        return bool(guest.calls) or guest.used_at > now - self._times.lately

    def _overdue(self, now: float) -> list[Call]:
        unsure, slow = now - self._times.unsure, now - self._times.message
        with self._lock:
            return [
                call
                for guest in self._guests.values()
                for call in guest.calls
                if guest.asked_at < unsure or (not call.has_message and call.began_at < slow)
            ]

    def _rest_if_alone(self, now: float) -> None:
        with self._lock:
            if self._guests:
                self._last_seen = now
            if self._is_resting or self._guests or self._last_seen > now - self._times.rest:
                return
            self._is_resting = True
        with suppress(RuntimeError):
            self._asker.submit(self._rest)
