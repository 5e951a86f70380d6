"""Pages of an activity log of a million entries, against the same pages written by hand.

`python -m benchmarks.activities` measures on SQLite, `--database=postgresql` on PostgreSQL. The floor is the
least that could be done: one statement through the database's own driver, its rows read and let go. What we
measure beside it asks for the right to look, reads the page, the names, and makes the lines that are shown.
Both run in turn, in the same process, on the same data.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from uuid import UUID

from benchmarks.ground import set_up, took

COUNT = 1_000_000
ROUNDS = 60
PAGE = 50
BATCHES = 50
START = datetime(2029, 1, 1, tzinfo=UTC)
COLUMNS = "id, kind, level, actor_id, subject_kind, subject_id, subject_name, recorded_at"


def main() -> None:
    """Fill a database, measure, and print."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    asked.add_argument("--count", type=int, default=COUNT)
    options = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="adieu-bench-") as folder:
        set_up(Path(folder), options.database)
        measure(options.count)


def measure(count: int) -> None:
    """Fill the log and print each page's times."""
    from django.db import connection

    from tests.support.chronicle import fill
    from tests.support.people import join

    owner = join("alice@example.org", START)
    members = [owner, *(join(f"member.{number}@example.org", START) for number in range(9))]
    organization_id = organization_of(owner)
    with took(f"{count:,} entries written"):
        fill(organization_id, members, START, count=count, things=1_000)
    print(f"{connection.vendor}, {count:,} entries, pages of {PAGE}, median of {ROUNDS} (95th percentile)\n")
    print(f"{'page':42}{'floor':>20}{'log':>20}{'ratio':>8}")
    for name, wanted, condition in cases(owner, count):
        report(name, organization_id, owner, wanted, condition)
    export_all(organization_id, owner)


def cases(owner: UUID, count: int) -> Iterator[tuple[str, dict[str, object], tuple[str, list[object]]]]:
    """Name what is measured: the filters, and the condition that says the same by hand."""
    from adieu.activities.kinds import Kind, Level

    middle = START + timedelta(seconds=20 * (count // 2))
    thing = str(UUID(int=17))
    yield "the newest", {}, ("", [])
    yield "from the middle", {"until": middle}, (" AND recorded_at < %s", [middle])
    yield "a kind", {"kind": Kind.PROJECT_DELETED}, (" AND kind = %s", [Kind.PROJECT_DELETED.value])
    yield "a level that never came", {"level": Level.ERROR}, (" AND level = 'error'", [])
    yield "somebody's acts", {"actor_id": owner}, (" AND actor_id = %s", [owner])
    yield "a thing by id", {"thing": thing}, (" AND subject_id = %s", [thing])
    yield "a thing by name", {"thing": "PROJECT 17"}, (" AND subject_name_key = 'project 17'", [])
    yield (
        "kind, actor and middle",
        {"kind": Kind.PROJECT_DELETED, "actor_id": owner, "until": middle},
        (
            " AND kind = %s AND actor_id = %s AND recorded_at < %s",
            [Kind.PROJECT_DELETED.value, owner, middle],
        ),
    )
    yield (
        "two that never met (the worst there is)",
        {"level": Level.WARNING, "subject_kind": "invitation"},
        (" AND level = 'warning' AND subject_kind = 'invitation'", []),
    )


def report(
    name: str,
    organization_id: UUID,
    owner: UUID,
    filters: dict[str, object],
    by_hand: tuple[str, list[object]],
) -> None:
    """Measure one page both ways, and print a line."""
    from adieu.kit import sql
    from adieu.kit.paging import DEFAULT_LIMIT
    from adieu.tenancy.activity_log import Wanted, show

    class Place:
        cursor = ""
        limit = DEFAULT_LIMIT

    condition, parameters = by_hand
    statement = (
        f"SELECT {COLUMNS} FROM activities_activity WHERE organization_id = %s{condition}"  # noqa: S608 - constants
        f" ORDER BY recorded_at DESC, id DESC LIMIT {PAGE + 1}"
    )
    wanted = Wanted(**filters)  # type: ignore[arg-type]
    floor, ours = in_turn(
        lambda: sql.rows(statement, [organization_id, *parameters]),
        lambda: show(organization_id=organization_id, account_id=owner, wanted=wanted, paging=Place()),
    )
    ratio = statistics.median(ours) / statistics.median(floor)
    print(f"{name:42}{said(floor):>20}{said(ours):>20}{ratio:>8.1f}")


def export_all(organization_id: UUID, owner: UUID) -> None:
    """Measure the whole export, and how much memory it takes at most."""
    import tracemalloc

    from adieu.tenancy.activity_export import Format, export
    from adieu.tenancy.activity_log import Wanted

    for form in Format:
        started, size = time.perf_counter(), 0
        for part in export(
            organization_id=organization_id, account_id=owner, wanted=Wanted(), form=form
        ).parts:
            size += len(part)
        seconds = time.perf_counter() - started
        print(f"\nexport as {form}: {size / 1e6:.0f} MB in {seconds:.0f} s")
    parts = export(organization_id=organization_id, account_id=owner, wanted=Wanted(), form=Format.CSV).parts
    next(parts)
    tracemalloc.start()
    for _ in islice(parts, BATCHES):
        pass
    print(
        f"most memory of {BATCHES} batches at any moment: {tracemalloc.get_traced_memory()[1] / 1e6:.1f} MB"
    )


def in_turn(*ways: Callable[[], object]) -> list[list[float]]:
    """Do each in turn, many times, and give the milliseconds of each."""
    times: list[list[float]] = [[] for _ in ways]
    for _ in range(ROUNDS):
        for way, taken in zip(ways, times, strict=True):
            started = time.perf_counter()
            way()
            taken.append((time.perf_counter() - started) * 1000)
    return times


def said(times: list[float]) -> str:
    """Say the median and the 95th percentile."""
    return f"{statistics.median(times):.2f} ({statistics.quantiles(times, n=20)[-1]:.2f}) ms"


def organization_of(owner: UUID) -> UUID:
    """Give the organization that an account got when it joined."""
    from adieu.tenancy.queries import organizations_of

    return organizations_of(account_id=owner)[0].id


if __name__ == "__main__":
    main()
