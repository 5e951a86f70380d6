"""What a step touches, and whether anybody can tell in which order two steps came.

Note [Orders that cannot be told apart]

Two neighbouring steps of different actors commute when both orders lead to the same state and neither sees
the difference. Orders that differ only by such swaps are one as far as any test can tell, and one of them is
played for all. A step's footprint says what decides it, table by table and for everything that runs until the
actor stops again, in both databases:

- what is read without a lock. Under READ COMMITTED that sees what was committed before and locks no row, so
  it commutes with reads, and with writes whose transaction is still open;
- what is shared: rows that a foreign key holds so that they stay. Two may hold the same row;
- what is written, or locked for writing;
- what is shown: the writes of a transaction that ends in this step, and of a statement outside of any.
  Showing commutes with nothing that touches the same table. The end of a transaction touches again all that
  was written and shared in it, as locks are let go and foreign keys looked up then.

Nothing is left to a statement's looks where the database does more than it says: whatever table is named in
anything but a plain SELECT counts as written, its triggers add what their functions name, and foreign keys in
either direction add what they look up. A statement that this page cannot read is an error. Not in it is the
ledger's file, to which two deletions append a line each, in either order.

`exploration.explore` goes through one order of each kind: when two steps that do not commute stand in a play
with nothing between that keeps them apart, the order in which the later one's actor goes first is played, too
(C. Flanagan, P. Godefroid, "Dynamic Partial-Order Reduction for Model Checking Software", POPL 2005; which of
these pairs count is from P. Abdulla and others, "Optimal Dynamic Partial Order Reduction", POPL 2014); and
where somebody's step was played first, it sleeps in the branches beside it until a step comes that does not
commute with it (P. Godefroid, "Partial-Order Methods for the Verification of Concurrent Systems", 1996).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.db import connections
from django.db.models import DO_NOTHING

from adieu.kit import sql

LOCKS = re.compile(r"\bFOR\s+(?:NO\s+KEY\s+)?(?:KEY\s+)?(?:UPDATE|SHARE)\b")
EFFECTS = re.compile(r"\b(?:nextval|setval|set_config|pg_\w+)\s*\(")
WRITES = re.compile(r"\b(?:INSERT|UPDATE|DELETE)\b|" + LOCKS.pattern)
# What begins and ends a part of a transaction touches no table.
FRAMES = re.compile(r"BEGIN|SAVEPOINT|RELEASE|ROLLBACK TO")


@dataclass
class Footprint:
    """The tables that a step touches, and how (Note [Orders that cannot be told apart])."""

    reads: set[str] = field(default_factory=set)
    shares: set[str] = field(default_factory=set)
    writes: set[str] = field(default_factory=set)
    shown: set[str] = field(default_factory=set)

    def add(self, other: "Footprint") -> None:
        self.reads |= other.reads
        self.shares |= other.shares
        self.writes |= other.writes
        self.shown |= other.shown


def commute(one: Footprint, other: Footprint) -> bool:
    """Tell whether nobody can see which of two steps came first."""
    return not (_meets(one, other) or _meets(other, one))


def _meets(one: Footprint, other: Footprint) -> bool:
    held = other.writes | other.shares
    return not (one.writes.isdisjoint(held) and one.shown.isdisjoint(held | other.reads))


@dataclass(frozen=True)
class Tables:
    """What a database knows of its tables."""

    names: re.Pattern[str]
    # Tables at either end of a foreign key, and those whose rows go or change with it.
    beside: Mapping[str, set[str]]
    followers: Mapping[str, set[str]]
    triggers: Mapping[str, list[str]]

    def footprint(self, statement: str) -> Footprint:
        """Tell what a statement touches when it runs in a transaction that stays open."""
        named = set(self.names.findall(statement))
        is_plain = statement.lstrip().startswith("SELECT") and not LOCKS.search(statement)
        if is_plain and not EFFECTS.search(statement):
            return Footprint(reads=named)
        if not named and not FRAMES.match(statement):
            message = f"What does this touch? {statement}"
            raise ValueError(message)
        touched = Footprint()
        self._write(named, "DELETE" in statement, touched)
        return touched

    def _write(self, named: set[str], may_delete: bool, touched: Footprint) -> None:
        for table in named - touched.writes:
            touched.writes.add(table)
            touched.shares |= self.beside[table]
            if may_delete:
                self._write(self.followers[table], may_delete, touched)
            for body in self.triggers.get(table, []):
                others = set(self.names.findall(body))
                touched.reads |= others
                self._write(others if WRITES.search(body) else set(), "DELETE" in body, touched)


@cache
def tables_of(alias: str) -> Tables:
    connection: Any = connections[alias]
    names = connection.introspection.table_names()
    beside: dict[str, set[str]] = {name: set() for name in names}
    followers: dict[str, set[str]] = {name: set() for name in names}
    with connection.cursor() as cursor:
        for name in names:
            for _, other, on_delete in connection.introspection.get_relations(cursor, name).values():
                beside[name].add(other)
                beside[other].add(name)
                if on_delete not in (None, DO_NOTHING):
                    followers[other].add(name)
    triggers: dict[str, list[str]] = {}
    for name, body in sql.rows(TRIGGERS[connection.vendor], using=alias):
        triggers.setdefault(name, []).append(body)
    return Tables(re.compile(rf"\b(?:{'|'.join(names)})\b"), beside, followers, triggers)


TRIGGERS = {
    "postgresql": """
        SELECT relname, prosrc FROM pg_trigger
        JOIN pg_class ON pg_class.oid = tgrelid JOIN pg_proc ON pg_proc.oid = tgfoid WHERE NOT tgisinternal
    """,
    "sqlite": "SELECT tbl_name, sql FROM sqlite_master WHERE type = 'trigger'",
}


class Recorder:
    """Adds what one connection touches to the footprint of the step that its actor is in."""

    def __init__(self, connection: Any, step: Callable[[], Footprint]) -> None:
        self._connection = connection
        self._tables = tables_of(connection.alias)
        self._step = step
        self._open = Footprint()

    def note(self, statement: str) -> None:
        """Add a statement that is about to run."""
        touched = self._tables.footprint(statement)
        if not self._connection.in_atomic_block:
            touched.shown |= touched.writes
        elif statement.startswith("ROLLBACK TO"):
            # It lets locks go.
            touched = self._held()
        else:
            self._open.add(touched)
        self._step().add(touched)

    def note_end(self) -> None:
        """Add a commit, or a rollback, that is about to come."""
        held = self._held()
        held.shown |= held.writes
        self._step().add(held)
        self._open = Footprint()

    def _held(self) -> Footprint:
        return Footprint(shares=set(self._open.shares), writes=set(self._open.writes))
