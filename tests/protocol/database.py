"""Transactions as PostgreSQL has them under READ COMMITTED, statement by statement.

A statement sees what is committed when it begins, and what its own transaction wrote. A row that is written
or locked belongs to its transaction until that ends; whoever wants it waits. Foreign keys are checked at
commit. SQLite, which has one writer at a time, allows fewer orders and no others.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from adieu.deletion.models import RequestState
from tests.protocol.explorer import Label
from tests.protocol.state import ABORTED, NEWEST, OVERTAKEN, STEPS, Actor, Bug, Main, State


class Waits(Exception):
    """Another transaction has the row, or the condition is not there yet."""


class Refused(Exception):
    """The transaction ends and leaves nothing; so does the program."""


type Act = Callable[[View], None]


class Statement(NamedTuple):
    """One thing that others cannot see half of, and the real function it stands for."""

    name: str
    act: Act
    stands_for: str


STATEMENTS: list[Statement] = []


def stands_for(function: str) -> Callable[[Act], Statement]:
    """Make a statement of a function; `function` is the real one."""

    def register(act: Act) -> Statement:
        statement = Statement(act.__name__, act, function)
        STATEMENTS.append(statement)
        return statement

    return register


@dataclass
class View:
    """The database as one statement of one actor sees it, and what the statement leaves behind."""

    state: State
    me: int
    bugs: frozenset[Bug]
    program: str
    who: str = ""
    actor: Actor = field(init=False)
    main: Main = field(init=False)
    # What is outside the transaction, changed at once and for good.
    outside: dict[str, Any] = field(default_factory=dict)
    is_over: bool = False

    def __post_init__(self) -> None:
        """Lay the actor's own changes over what is committed."""
        self.actor = self.state.actors[self.me]._replace(program=self.program)
        self.main = self.state.main._replace(**dict(self.actor.changes))  # type: ignore[arg-type]
        self.who = self.actor.name.split("'", maxsplit=1)[0]

    def has(self, bug: Bug) -> bool:
        """Tell whether a guard was taken away."""
        return bug in self.bugs

    def get(self, row: str) -> Any:
        """Read a row whose name depends on who acts."""
        return getattr(self.main, row)

    def is_locked_by_another(self, row: str) -> bool:
        """Tell whether another transaction has a row."""
        return any(row in other.locks for place, other in enumerate(self.state.actors) if place != self.me)

    def lock(self, *rows: str) -> None:
        """Take rows, or wait."""
        if any(self.is_locked_by_another(row) for row in rows):
            raise Waits
        if not self.actor.locks.issuperset(rows):
            self.actor = self.actor._replace(locks=self.actor.locks | set(rows))

    def write(self, **rows: object) -> None:
        """Write rows, which takes them."""
        self.lock(*rows)
        changes = {**dict(self.actor.changes), **rows}
        self.actor = self.actor._replace(changes=tuple(sorted(changes.items())))
        self.main = self.main._replace(**rows)  # type: ignore[arg-type]

    def commit(self) -> None:
        """Make everything others' that was written, and let go of all rows."""
        changes: dict[str, Any] = dict(self.actor.changes)
        if changes and self.actor.token == OVERTAKEN and self.actor.program in STEPS:
            self.outside["has_late_change"] = True
        self.outside["main"] = self.state.main._replace(**changes)
        self.actor = self.actor._replace(changes=(), locks=frozenset())

    def overtake(self, *rows: str) -> None:
        """Take the newest epoch of a row; whoever held it before holds an old one."""
        others = [
            other._replace(token=OVERTAKEN) if other.token and other.program in rows else other
            for other in self.state.actors
        ]
        self.outside["actors"] = tuple(others)
        self.actor = self.actor._replace(token=NEWEST)

    def after(self) -> State:
        """Give the state that the statement leads to."""
        actors = list(self.outside.pop("actors", self.state.actors))
        actors[self.me] = self.actor
        return self.state._replace(actors=tuple(actors), **self.outside)


type Programs = dict[str, tuple[Statement, ...]]


def idle(actor: Actor) -> Actor:
    """Roll back and forget; what the actor wrote outside stays."""
    return Actor(actor.name)


def advance(
    state: State, me: int, program: str, programs: Programs, bugs: frozenset[Bug]
) -> Iterator[tuple[Label, State]]:
    """Do the next statement of an actor's program, if it does not wait."""
    actor = state.actors[me]
    statement = programs[program][actor.at]
    view = View(state, me, bugs, program)
    label = Label(actor.name, f"{program}: {statement.name}")
    try:
        statement.act(view)
    except Waits:
        return
    except Refused:
        # A program that would end where it began is no step.
        if actor.program:
            yield label._replace(what=f"{label.what}, refused"), _refused(state, me)
        return
    is_last = view.is_over or actor.at + 1 == len(programs[program])
    view.actor = idle(actor) if is_last else view.actor._replace(at=actor.at + 1)
    yield label, view.after()


def _refused(state: State, me: int) -> State:
    """Roll back; a confirmation takes back what it announced (`adieu.deletion.intents.give_up`)."""
    actor, main = state.actors[me], state.main
    ended = put(state, me, idle(actor))
    is_open = main.fence and main.request_alice in {RequestState.OPEN, RequestState.ENDED}
    if actor.program != "confirm" or actor.token != NEWEST or not is_open:
        return ended
    return ended._replace(main=main._replace(fence=False, end=ABORTED, owed=main.owed | {ABORTED}))


def put(state: State, me: int, actor: Actor) -> State:
    """Put an actor in its place."""
    return state._replace(actors=(*state.actors[:me], actor, *state.actors[me + 1 :]))
