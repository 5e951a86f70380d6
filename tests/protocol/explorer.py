"""A breadth-first explorer of everything that can happen: all states, the shortest way to a broken rule.

It knows nothing of deletions. A model is a first state and a function that gives what can follow a state;
states are equal when their values are. Because it goes breadth first, a counterexample is as short as any.
"""

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import NamedTuple


class Label(NamedTuple):
    """What happened: who did what. Faults are what nobody may count on to get further."""

    who: str
    what: str
    is_fault: bool = False


class TooManyStates(Exception):
    """The bound is smaller than the model; what was seen so far proves nothing."""


@dataclass(frozen=True)
class Moment[S]:
    """One line of a trace: what happened, and what there is now."""

    label: Label | None
    state: S


@dataclass(frozen=True)
class Violation[S]:
    """A rule that does not hold, and the shortest way to where it does not."""

    rule: str
    trace: tuple[Moment[S], ...]

    def __str__(self) -> str:
        """Tell the trace in lines."""
        return f"{self.rule}\n" + "\n".join(tell(self.trace))


@dataclass
class Explored[S]:
    """Everything that was reached."""

    transitions: int = 0
    depth: int = 0
    seconds: float = 0
    violation: Violation[S] | None = None
    states: list[S] = field(default_factory=list)
    _number: dict[S, int] = field(default_factory=dict)
    # For each label, from where to where it first led.
    _first: dict[Label, tuple[int, int]] = field(default_factory=dict)
    _came: list[tuple[int, Label | None]] = field(default_factory=list)
    _before: list[list[int]] = field(default_factory=list)

    def trace_to(self, number: int) -> tuple[Moment[S], ...]:
        """Give the way by which a state was first reached."""
        moments = []
        while number >= 0:
            before, label = self._came[number]
            moments.append(Moment(label, self.states[number]))
            number = before
        return tuple(reversed(moments))

    def traces_to_labels(self) -> Iterator[tuple[Moment[S], ...]]:
        """Give, for everything that can happen, a shortest trace that ends in it."""
        for label, (before, after) in self._first.items():
            yield (*self.trace_to(before), Moment(label, self.states[after]))

    def _add(self, state: S, before: int, label: Label | None) -> int | None:
        """Take a state in; give its number if it is new."""
        known = self._number.get(state)
        if known is not None:
            self._note_edge(before, known, label)
            return None
        number = self._number[state] = len(self.states)
        self.states.append(state)
        self._came.append((before, label))
        self._before.append([])
        self._note_edge(before, number, label)
        return number

    def _note_edge(self, before: int, after: int, label: Label | None) -> None:
        if label is None:
            return
        self._first.setdefault(label, (before, after))
        if not label.is_fault:
            self._before[after].append(before)

    def _first_dead_end(self, is_owed: Callable[[S], bool], is_goal: Callable[[S], bool]) -> int | None:
        """Find the first state that is owed the goal and has no way to it without a fault."""
        reaching = {number for number, state in enumerate(self.states) if is_goal(state)}
        waiting = list(reaching)
        while waiting:
            for before in self._before[waiting.pop()]:
                if before not in reaching:
                    reaching.add(before)
                    waiting.append(before)
        numbers = (n for n, state in enumerate(self.states) if n not in reaching and is_owed(state))
        return next(numbers, None)


@dataclass(frozen=True)
class Progress[S]:
    """What must always stay possible: from each state that is owed it, a way to the goal."""

    rule: str
    is_owed: Callable[[S], bool]
    is_goal: Callable[[S], bool]


def explore[S: Hashable](
    first: S,
    follow: Callable[[S], Iterable[tuple[Label, S]]],
    *,
    always: Mapping[str, Callable[[S], bool]],
    possible: Iterable[Progress[S]] = (),
    most: int,
) -> Explored[S]:
    """Reach every state, look at every rule in each, and stop at the first that is broken.

    Args:
        first: The state that everything begins in.
        follow: Gives what can happen next, and what there is then.
        always: Rules by name; each has to hold in each state.
        possible: What must stay reachable from wherever it is owed.
        most: More states than this are an error, not an answer.

    Raises:
        TooManyStates: the model is larger than `most`.
    """
    began = monotonic()
    seen = Explored[S]()
    _walk(seen, first, follow, always, most)
    for progress in () if seen.violation else possible:
        dead_end = seen._first_dead_end(progress.is_owed, progress.is_goal)
        if dead_end is not None:
            seen.violation = Violation(progress.rule, seen.trace_to(dead_end))
            break
    seen.seconds = monotonic() - began
    return seen


def _walk[S: Hashable](
    seen: Explored[S],
    first: S,
    follow: Callable[[S], Iterable[tuple[Label, S]]],
    always: Mapping[str, Callable[[S], bool]],
    most: int,
) -> None:
    open_states = deque([(seen._add(first, -1, None) or 0, 0)])
    while open_states:
        number, depth = open_states.popleft()
        state = seen.states[number]
        seen.depth = depth
        broken = next((rule for rule, holds in always.items() if not holds(state)), None)
        if broken is not None:
            seen.violation = Violation(broken, seen.trace_to(number))
            return
        for label, after in follow(state):
            seen.transitions += 1
            added = seen._add(after, number, label)
            if added is not None:
                open_states.append((added, depth + 1))
        if len(seen.states) > most:
            raise TooManyStates(most)


def tell(trace: Iterable[Moment[object]]) -> Iterator[str]:
    """Tell a trace: who did what, and what changed by it."""
    before: object = None
    for number, moment in enumerate(trace):
        if moment.label is not None:
            changes = ", ".join(_changes(before, moment.state))
            line = f"{number:3}. {moment.label.who}: {moment.label.what}"
            yield f"{line}  [{changes}]" if changes else line
        before = moment.state


def _changes(before: object, after: object, name: str = "") -> Iterator[str]:
    fields = getattr(after, "_fields", None)
    if fields is None or type(before) is not type(after):
        if before != after:
            yield f"{name} = {_short(after)}"
        return
    for part in fields:
        # Where an actor stands is what the line itself tells.
        if part != "actors":
            yield from _changes(getattr(before, part), getattr(after, part), part)


def _short(value: object) -> str:
    if isinstance(value, frozenset):
        return "{" + ", ".join(sorted(map(str, value))) + "}"
    return str(tuple(value)) if isinstance(value, tuple) else str(value)
