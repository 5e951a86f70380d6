"""The point of no return against the same done by hand, and what else leaving costs.

`python -m benchmarks.leaving` measures on SQLite and PostgreSQL, with 1 000 and 100 000 accounts, each in a
process and a database of its own. The product and the floor (`benchmarks/floor.py`) take turns on the same
data; who goes first takes turns, too, so that whatever else the machine does falls on both.
"""

import argparse
import gc
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import batched
from pathlib import Path

from benchmarks.floor import Floor, PostgresqlFloor, SqliteFloor
from benchmarks.ground import set_up, took
from benchmarks.person import Person
from benchmarks.syncs import count_syncs

NOW = datetime(2030, 3, 4, 9, 30, tzinfo=UTC)
DATABASES = ["sqlite", "postgresql"]
SIZES = [1_000, 100_000]
TIES = [1, 20]
ROUNDS = 300
WARM_UP = 20
COUNTED = 10
BESIDE = 20
CHECKPOINT_EVERY = 1.0
HEAD = (
    f"{'database':11}{'accounts':>9}{'ties':>5}{'way':>9}{'p50 ms':>9}{'p99 ms':>9}{'p99/p50':>9}"
    f"{'ratio':>7}{'statements':>12}{'syncs':>7}"
)


@dataclass
class Times:
    """What was measured of one way to delete people of one kind."""

    way: str
    ties: int
    p50: float
    p99: float
    ratio: float
    statements: float
    syncs: float | None


def main() -> None:
    """Measure what is asked for, and print one table."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--database", choices=DATABASES, action="append")
    asked.add_argument("--accounts", type=at_least_one, action="append")
    asked.add_argument("--rounds", type=at_least_one, default=ROUNDS)
    asked.add_argument("--profile", action="store_true", help="also print where the product's time goes")
    asked.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)
    options = asked.parse_args()
    databases, sizes = options.database or DATABASES, options.accounts or SIZES
    if options.alone:
        measure(databases[0], sizes[0], options.rounds, is_profiled=options.profile)
        return
    said = [
        run_alone(database, size, options.rounds, is_profiled=options.profile)
        for size in sizes
        for database in databases
    ]
    print(f"\nThe point of no return, {options.rounds} deletions of each kind in each way\n\n{HEAD}")
    print("\n".join(line for lines in said for line in lines))


def at_least_one(text: str) -> int:
    """Read a number of accounts or rounds; argparse says what is wrong with it."""
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def run_alone(database: str, size: int, rounds: int, *, is_profiled: bool) -> list[str]:
    """Measure in a process of its own, because Django is set up once; give the lines of the table."""
    options = ["--database", database, "--accounts", str(size), "--rounds", str(rounds)]
    command = [sys.executable, "-m", "benchmarks.leaving", "--alone", *options]
    lines = []
    with subprocess.Popen(
        [*command, "--profile"] if is_profiled else command, stdout=subprocess.PIPE, text=True
    ) as process:
        for line in process.stdout or ():
            if line.startswith("{"):
                lines.append(as_line(database, size, Times(**json.loads(line))))
            else:
                print(line, end="", flush=True)
    if process.returncode:
        sys.exit(process.returncode)
    return lines


def as_line(database: str, size: int, times: Times) -> str:
    """Write a line of the table."""
    syncs = "?" if times.syncs is None else f"{times.syncs:.1f}"
    return (
        f"{database:11}{size:>9,}{times.ties:>5}{times.way:>9}{times.p50:>9.2f}{times.p99:>9.2f}"
        f"{times.p99 / times.p50:>9.1f}{times.ratio:>7.2f}{times.statements:>12.0f}{syncs:>7}"
    )


def measure(database: str, size: int, rounds: int, *, is_profiled: bool) -> None:
    """Fill a database of our own and measure in it."""
    with tempfile.TemporaryDirectory(prefix="adieu-bench-") as folder:
        set_up(Path(folder), database)
        from benchmarks.crowd import fill

        print(f"\n{database}, {size:,} accounts", flush=True)
        groups = {ties: people_of(ties, rounds) for ties in TIES}
        with took("written"):
            fill(size, [person for group in groups.values() for person in group], NOW)
            tidy()
        gc.collect()
        gc.freeze()
        floor = open_floor()
        for ties, people in groups.items():
            for times in compare(floor, ties, iter(people), rounds):
                print(json.dumps(asdict(times)), flush=True)
            if is_profiled:
                show_profile(people[-COUNTED:])
        measure_the_rest()


def tidy() -> None:
    """Let PostgreSQL look at what was written now, and not while we measure."""
    from django.db import connection

    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM (ANALYZE)")


def people_of(ties: int, rounds: int) -> list[Person]:
    """Name those who leave: for both ways a warm-up, the rounds, and those whose syncs are counted."""
    count = 2 * (WARM_UP + rounds + COUNTED) + 1 + COUNTED
    return [Person(f"leaves {ties} {number}", ties=ties) for number in range(count)]


def open_floor() -> Floor:
    """Connect the floor to the product's main database as the product does, with a ledger of its own."""
    from django.conf import settings
    from django.db import connection

    main, ledger = connection.settings_dict, settings.ADIEU.data_dir / "ledger-by-hand.jsonl"
    if connection.vendor == "sqlite":
        return SqliteFloor(main["NAME"], main["OPTIONS"]["init_command"], ledger)
    parts = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    return PostgresqlFloor({part: main[name] for part, name in parts.items() if main[name]}, ledger)


def compare(floor: Floor, ties: int, people: Iterator[Person], rounds: int) -> list[Times]:
    """Delete people in both ways in turn, then some more to count what that takes."""
    from django.db import connection

    ways = {"floor": by_floor(floor), "product": by_product}
    for person, other in batched([next(people) for _ in range(2 * WARM_UP)], 2, strict=True):
        ways["floor"](person)
        ways["product"](other)
    taken: dict[str, list[float]] = {way: [] for way in ways}
    with checkpoints_beside(connection.vendor):
        for number in range(rounds):
            for way in sorted(ways, reverse=bool(number % 2)):
                taken[way].append(timed(ways[way], next(people)))
    before = floor.statements
    syncs = {
        way: count_syncs(partial(some, do, people), process=process)
        for (way, do), process in zip(ways.items(), processes(floor), strict=True)
    }
    counts = {
        "floor": (floor.statements - before) / COUNTED,
        "product": float(statements_of(ways["product"], next(people))),
    }
    return [
        Times(
            way=way,
            ties=ties,
            p50=statistics.median(taken[way]),
            # Never more than the slowest, also of a few.
            p99=statistics.quantiles(taken[way], n=100, method="inclusive")[-1],
            ratio=statistics.median(taken[way]) / statistics.median(taken["floor"]),
            statements=counts[way],
            syncs=None if syncs[way] is None else (syncs[way] or 0) / COUNTED,
        )
        for way in ways
    ]


def some(way: Callable[[Person], None], people: Iterator[Person]) -> None:
    """Delete a few, while something is counted."""
    for _ in range(COUNTED):
        way(next(people))


def by_floor(floor: Floor, now: datetime = NOW) -> Callable[[Person], None]:
    """Give the way that goes by hand."""

    def leave(person: Person) -> None:
        floor.leave(
            account_id=person.account_id,
            code=person.code,
            expected=person.code,
            session=person.session,
            now=now,
        )

    return leave


def by_product(person: Person, now: datetime = NOW) -> None:
    """Go the product's way: the whole call, from the first statement to the commit."""
    from adieu.deletion.consents import TEXTS
    from adieu.deletion.crossing import confirm

    confirm(
        account_id=person.account_id, code=person.code, consents=TEXTS, session_digest=person.session, now=now
    )


def timed(way: Callable[[Person], None], person: Person) -> float:
    """Give the milliseconds that it took to delete somebody."""
    started = time.perf_counter()
    way(person)
    return (time.perf_counter() - started) * 1000


@contextmanager
def checkpoints_beside(vendor: str) -> Iterator[None]:
    """Empty SQLite's log beside, as the worker does every second."""
    from django.db import connections

    from adieu.ops.checkpoints import checkpoint_main

    def work() -> None:
        while not over.wait(CHECKPOINT_EVERY):
            checkpoint_main()
        connections.close_all()

    over = threading.Event()
    thread = threading.Thread(target=work)
    if vendor == "sqlite":
        thread.start()
    yield
    over.set()
    if thread.is_alive():
        thread.join()


def processes(floor: Floor) -> list[int]:
    """Name the process whose syncs count, for the floor and for the product."""
    from django.db import connection

    if connection.vendor == "sqlite":
        return [os.getpid(), os.getpid()]
    connection.ensure_connection()
    return [floor.connection.info.backend_pid, connection.connection.info.backend_pid]


def statements_of(way: Callable[[Person], None], person: Person) -> int:
    """Count the product's statements, those that begin and commit among them."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        way(person)
    return len(captured)


def show_profile(people: Sequence[Person]) -> None:
    """Print where the product's time goes."""
    import cProfile
    import pstats

    profile = cProfile.Profile()
    profile.enable()
    for person in people:
        by_product(person)
    profile.disable()
    pstats.Stats(profile).sort_stats("tottime").print_stats(25)


def measure_the_rest() -> None:
    """Measure what a deletion costs after its commit, and what a claim costs at sign-up."""
    from adieu.deletion.erasure import run_due_steps
    from adieu.deletion.models import ErasureStep, RequestState

    def report(_step: object, error: Exception) -> None:
        raise error

    kept = set(
        ErasureStep.objects.filter(request__state=RequestState.ERASING)
        .values_list("request_id", flat=True)
        .distinct()[:BESIDE]
    )
    ErasureStep.objects.exclude(request_id__in=kept).update(next_attempt_at=NOW.replace(year=2031))
    started = time.perf_counter()
    steps = run_due_steps(now=lambda: NOW, random=random.random, report=report)
    seconds = time.perf_counter() - started
    print(
        f"one worker: {len(kept) / seconds:.1f} deletions/s, {steps} steps of {len(kept)} deletions,"
        f" {seconds / steps * 1000:.1f} ms a step"
    )
    say("compaction of the vault", compact)
    say("claim of an address", claim_anew)


def say(what: str, act: Callable[[int], object]) -> None:
    """Measure something some times and print the median."""
    times = []
    for number in range(BESIDE):
        started = time.perf_counter()
        act(number)
        times.append((time.perf_counter() - started) * 1000)
    print(f"{what}: {statistics.median(times):.2f} ms, at most {max(times):.2f} ms", flush=True)


def compact(_number: int) -> None:
    """Rewrite the vault, as after an erasure."""
    from adieu.kit.transactions import transaction
    from adieu.vault.checkpoints import checkpoint, owe_compaction
    from adieu.vault.router import VAULT

    with transaction(using=VAULT):
        owe_compaction()
    checkpoint()


def claim_anew(number: int) -> None:
    """Claim an address that nobody has, for one of those who stay."""
    from adieu.identities.operations import claim
    from adieu.kit.transactions import transaction

    with transaction():
        claim(kind="email", identifier=f"new.{number}@example.org", account_id=Person("stays 0").account_id)


if __name__ == "__main__":
    main()
