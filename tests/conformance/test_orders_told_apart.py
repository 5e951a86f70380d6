"""What the reduced exploration shows is what all orders show (Note [Orders that cannot be told apart]).

Two small programs are put together by chance from statements that read, lock and write, in transactions, in
parts that are taken back, and outside of any. All their orders are played, and then those that are said to be
told apart: what the programs saw and what they left has to be the same set.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any

import pytest
from django.db import Error, connection

from adieu.kit import sql
from adieu.kit.transactions import savepoint, transaction
from tests.support.exploration import Exploration, explore
from tests.support.footprints import tables_of

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

SEED = 20300304
TOYS = re.compile(r"\btoy_\w+")
TABLES = [
    "CREATE TABLE toy_shelf (id integer PRIMARY KEY, books integer NOT NULL)",
    """
    CREATE TABLE toy_book (
        title integer NOT NULL,
        shelf_id integer NOT NULL REFERENCES toy_shelf (id) DEFERRABLE INITIALLY DEFERRED
    )
    """,
    "CREATE TABLE toy_label (shelf_id integer NOT NULL REFERENCES toy_shelf (id) ON DELETE CASCADE)",
    "CREATE TABLE toy_count (changes integer NOT NULL)",
    "CREATE TABLE toy_lamp (light integer NOT NULL)",
]
EMPTIES = [
    "DELETE FROM toy_book",
    "DELETE FROM toy_label",
    "DELETE FROM toy_shelf",
    "DELETE FROM toy_count",
    "DELETE FROM toy_lamp",
]
DROPS = [
    "DROP TABLE toy_book",
    "DROP TABLE toy_label",
    "DROP TABLE toy_shelf",
    "DROP TABLE toy_count",
    "DROP TABLE toy_lamp",
]
TRIGGERS = {
    "postgresql": [
        """
        CREATE FUNCTION toy_counts() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN UPDATE toy_count SET changes = changes + 1; RETURN NULL; END $$
        """,
        "CREATE TRIGGER toy_counts AFTER UPDATE ON toy_shelf FOR EACH ROW EXECUTE FUNCTION toy_counts()",
    ],
    "sqlite": [
        """
        CREATE TRIGGER toy_counts AFTER UPDATE ON toy_shelf
        BEGIN UPDATE toy_count SET changes = changes + 1; END
        """
    ],
}
READS = (
    "SELECT books FROM toy_shelf WHERE id = {shelf}",
    "SELECT count(*) FROM toy_book WHERE shelf_id = {shelf}",
    "SELECT changes FROM toy_count",
    "SELECT light FROM toy_lamp",
)
LOCKS = (
    "SELECT books FROM toy_shelf WHERE id = {shelf} FOR UPDATE",
    "SELECT books FROM toy_shelf WHERE id = {shelf} FOR KEY SHARE",
)
WRITES = (
    # What was read last is written back, which loses what another wrote meanwhile.
    "UPDATE toy_shelf SET books = {seen} + 1 WHERE id = {shelf}",
    "UPDATE toy_shelf SET books = books * 2 WHERE id = {shelf}",
    "INSERT INTO toy_book (title, shelf_id) VALUES ({title}, {shelf})",
    "DELETE FROM toy_book WHERE shelf_id = {shelf}",
    "DELETE FROM toy_shelf WHERE id = {shelf} AND books > 4",
    "UPDATE toy_lamp SET light = light * 3 + {title}",
)


@dataclass(frozen=True)
class Part:
    """Statements that belong together, and how."""

    kind: str
    statements: tuple[str, ...]


class TakenBackError(Exception):
    """What a program takes back."""


type Program = tuple[Part, ...]
type Ending = tuple[object, ...]


@pytest.fixture(autouse=True)
def _toys() -> Iterator[None]:
    for statement in TABLES + TRIGGERS[connection.vendor]:
        sql.run(statement)
    tables_of.cache_clear()
    yield
    for statement in DROPS:
        sql.run(statement)
    if connection.vendor == "postgresql":
        sql.run("DROP FUNCTION toy_counts")
    tables_of.cache_clear()


def make_program(random: Random, title: int) -> Program:
    """Put two statements together in one part, or in one each."""
    can_lock = connection.features.has_select_for_update
    menu = READS + WRITES + (LOCKS if can_lock else ())
    kinds = (*["transaction"] * 5, "alone", "alone", "taken back", "savepoint")

    def choose() -> str:
        # What was read is filled in when it was.
        return random.choice(menu).format(shelf=random.choice((1, 1, 1, 2)), title=title, seen="{seen}")

    statements = (choose(), choose())
    parts = random.choice(((statements,), (statements[:1], statements[1:])))
    return tuple(Part(random.choice(kinds), part) for part in parts)


def run(program: Program) -> tuple[object, ...]:
    """Run a program, and tell all that it saw."""
    seen: list[object] = [0]
    for part in program:
        try:
            run_part(part, seen)
        except (Error, TakenBackError) as error:
            seen.append(type(error).__name__)
    return tuple(seen)


def run_part(part: Part, seen: list[object]) -> None:
    if part.kind == "alone":
        run_statements(part.statements, seen)
        return
    with transaction():
        if part.kind != "savepoint":
            run_statements(part.statements, seen)
        else:
            run_savepoint(part.statements, seen)
        if part.kind == "taken back":
            raise TakenBackError


def run_savepoint(statements: Sequence[str], seen: list[object]) -> None:
    """Take the first statement back, and keep the others."""
    try:
        with savepoint():
            run_statements(statements[:1], seen)
            raise TakenBackError
    except TakenBackError:
        run_statements(statements[1:], seen)


def run_statements(statements: Sequence[str], seen: list[object]) -> None:
    for statement in statements:
        last = next((value for value in reversed(seen) if isinstance(value, int)), 0)
        text = statement.format(seen=last)
        seen.append(_first(sql.rows(text)) if text.startswith("SELECT") else f"wrote {sql.run(text)}")


def _first(rows: list[tuple[Any, ...]]) -> object:
    return rows[0][0] if rows else None


def fill() -> None:
    for statement in EMPTIES:
        sql.run(statement)
    sql.run("INSERT INTO toy_shelf (id, books) VALUES (1, 3), (2, 3)")
    sql.run("INSERT INTO toy_book (title, shelf_id) VALUES (0, 1)")
    sql.run("INSERT INTO toy_label (shelf_id) VALUES (2)")
    sql.run("INSERT INTO toy_count (changes) VALUES (0)")
    sql.run("INSERT INTO toy_lamp (light) VALUES (1)")


def left() -> tuple[object, ...]:
    return (
        *sql.rows("SELECT id, books FROM toy_shelf ORDER BY id"),
        *sql.rows("SELECT title, shelf_id FROM toy_book ORDER BY title, shelf_id"),
        *sql.rows("SELECT changes FROM toy_count"),
        *sql.rows("SELECT light FROM toy_lamp"),
    )


def endings(programs: Sequence[Program], exploration: Exploration) -> set[Ending]:
    def make() -> list[Callable[[], object]]:
        fill()
        return [partial(run, program) for program in programs]

    found: set[Ending] = set()
    for played in explore(make, exploration):
        assert not any(isinstance(outcome, Exception) for outcome in played.outcomes), played.outcomes
        found.add((*played.outcomes, *left()))
    assert exploration.is_complete
    return found


def compare(random: Random) -> tuple[int, int, int]:
    """Hold both explorations of two programs against each other; tell their sizes and how many endings."""
    programs = [make_program(random, title) for title in (1, 2)]
    whole = Exploration(most=2000, random=random, shared=TOYS, is_whole=True)
    reduced = Exploration(most=2000, random=random, shared=TOYS)
    all_endings = endings(programs, whole)
    assert endings(programs, reduced) == all_endings, programs
    assert reduced.plays <= whole.plays
    return whole.plays, reduced.plays, len(all_endings)


def compare_many(pairs: int, seed: int, record_property: Callable[[str, object], None]) -> None:
    random = Random(seed)
    sizes = [compare(random) for _ in range(pairs)]
    whole, reduced, found = (sum(column) for column in zip(*sizes, strict=True))
    # It would show nothing if there were nothing to leave out, or only one ending each.
    assert reduced < whole
    assert found > pairs
    record_property(
        "orders of programs by chance", f"{whole}, {reduced} of them told apart; {found} endings by either"
    )


def test_a_lost_update_is_found() -> None:
    count_up = Part("transaction", (READS[0].format(shelf=1), WRITES[0].format(shelf=1, seen="{seen}")))
    reduced = Exploration(most=2000, random=Random(SEED), shared=TOYS)
    found = endings([(count_up,), (count_up,)], reduced)
    # Three books and one by each; on SQLite the second one sees what the first one wrote.
    can_lose = connection.vendor == "postgresql"
    assert {ending[2] for ending in found} == ({(1, 4), (1, 5)} if can_lose else {(1, 5)})


def test_reads_alone_are_played_once_either_way() -> None:
    look = Part("transaction", tuple(read.format(shelf=1) for read in READS))
    whole = Exploration(most=2000, random=Random(SEED), shared=TOYS, is_whole=True)
    reduced = Exploration(most=2000, random=Random(SEED), shared=TOYS)
    assert endings([(look,), (look,)], reduced) == endings([(look,), (look,)], whole)
    assert reduced.plays == 2
    # Five steps each, the commit among them: every way to shuffle them. On SQLite it is one each.
    assert whole.plays == (252 if connection.vendor == "postgresql" else 2)


LIGHT = "UPDATE toy_lamp SET light = light * 3 + 1"
LOOK_AT_LAMP = "SELECT light FROM toy_lamp"
DOUBLE = "UPDATE toy_shelf SET books = books * 2 WHERE id = 2"
DELETE = "DELETE FROM toy_shelf WHERE id = 2"
ADD = "INSERT INTO toy_book (title, shelf_id) VALUES (1, 2)"
COUNT = "SELECT changes FROM toy_count"
COUNT_LABELS = "SELECT count(*) FROM toy_label"
# Each has endings in which neither simply follows the other, and would lose them without one of the rules.
SCENARIOS: dict[str, tuple[Part, Part, int]] = {
    "locks in opposite orders": (
        Part("transaction", (LIGHT, DOUBLE)),
        Part("transaction", (DOUBLE, LIGHT)),
        3,
    ),
    "what is committed is seen": (
        Part("transaction", (LIGHT,)),
        Part("transaction", (LOOK_AT_LAMP, LOOK_AT_LAMP)),
        3,
    ),
    "what a trigger writes is seen": (Part("transaction", (DOUBLE,)), Part("alone", (COUNT, COUNT)), 3),
    "a foreign key holds what it points to": (
        Part("transaction", (LOOK_AT_LAMP, DELETE)),
        Part("alone", (LIGHT, ADD)),
        4,
    ),
    "what goes with a row is seen": (
        Part("transaction", (DELETE,)),
        Part("alone", (COUNT_LABELS, COUNT_LABELS)),
        3,
    ),
    "an order that takes two swaps": (
        Part("alone", (LOOK_AT_LAMP, COUNT, DOUBLE)),
        Part("alone", (DOUBLE, LIGHT, COUNT)),
        6,
    ),
}


@pytest.mark.only_on("postgresql")
@pytest.mark.parametrize("name", SCENARIOS)
def test_no_ending_is_lost(name: str) -> None:
    one, other, expected = SCENARIOS[name]
    whole = Exploration(most=2000, random=Random(SEED), shared=TOYS, is_whole=True)
    reduced = Exploration(most=2000, random=Random(SEED), shared=TOYS)
    found = endings([(one,), (other,)], whole)
    assert len(found) == expected, found
    assert endings([(one,), (other,)], reduced) == found


def test_the_same_endings_are_found(record_property: Callable[[str, object], None]) -> None:
    compare_many(12, SEED, record_property)


@pytest.mark.long
def test_the_same_endings_are_found_by_hundreds(record_property: Callable[[str, object], None]) -> None:
    compare_many(150, SEED + 1, record_property)
