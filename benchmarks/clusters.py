"""What a cluster costs: its start, its memory, and the door before it.

`python -m benchmarks.clusters` measures on SQLite, `--database=postgresql` on PostgreSQL, where the door asks
its questions. The door is measured against a server without one, in the same process and on the same data:
calls take turns, one at each. `--noise` measures the server without a door against itself, so that one sees
what two columns differ by when nothing differs.

With `--milvus` it is the gateway that is measured, against a direct connection to the same database on the
same server, as the same user: the server of the tests, or the one at the address that is given.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil

from benchmarks.ground import set_up

DIMENSION, ROWS, BATCH = 128, 2_000, 20
THREADS, SECONDS, TURNS = 4, 2.0, 6
STARTS, SIDE_BY_SIDE = 5, 4
MIB = 2**20
COLUMNS = ("direct p50", "door p50", "ratio", "direct p99", "door p99", "ratio")

type Call = Callable[[Any], object]


def main() -> None:
    """Make an installation with a cluster, measure, and print."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    asked.add_argument("--rounds", type=int, default=400)
    asked.add_argument("--noise", action="store_true")
    asked.add_argument("--milvus", nargs="?", const="", metavar="ADDRESS")
    asked.add_argument("--milvus-token", default="root:Milvus")
    options = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="adieu-bench-") as folder:
        set_up(Path(folder), options.database)
        cluster_id, key = _cluster_with_key()
        if options.milvus is not None:
            _measure_gateway(Path(folder), cluster_id, key, options)
            return
        if not options.noise:
            _measure_processes(Path(folder), cluster_id)
        _measure_door(Path(folder), cluster_id, key, options)


def _cluster_with_key() -> tuple[UUID, str]:
    from adieu.clusters import operations
    from adieu.tenancy import api_keys, queries
    from tests.support.people import join

    now = datetime.now(UTC)
    alice = join("alice@example.org", now)
    organization = queries.organizations_of(account_id=alice)[0]
    project = queries.projects_of(organization_id=organization.id, account_id=alice)[0]
    cluster_id = operations.create(project_id=project.id, account_id=alice, name="measured", now=now)
    key = api_keys.create(
        account_id=alice, organization_id=organization.id, name="key", expires_at=None, now=now
    )
    return cluster_id, key.secret


def _measure_processes(folder: Path, cluster_id: UUID) -> None:
    from adieu.clusters.engines import Place
    from adieu.clusters.engines.milvus_lite.engine import MilvusLite
    from tests.support.clusters import free_port, wait_until

    def started(name: str) -> MilvusLite:
        engine = MilvusLite(Place(cluster_id, folder / name, free_port()))
        engine.prepare()
        engine.start()
        wait_until(engine.is_ready)
        return engine

    times, processor = [], []
    for _ in range(STARTS):
        began = time.monotonic()
        engine = started("first")
        times.append(time.monotonic() - began)
        processor.append(sum(psutil.Process(engine.pid).cpu_times()[:2]))
        engine.stop(patience=30)
    print(f"start until it answers, median of {STARTS}: {statistics.median(times):.2f} s,")
    print(f"of it at work on a processor: {statistics.median(processor):.2f} s")
    many = [started(str(number)) for number in range(SIDE_BY_SIDE)]
    memory = [psutil.Process(engine.pid).memory_full_info() for engine in many]
    for engine in many:
        engine.stop(patience=30)
    own, resident = (
        statistics.median(getattr(each, kind) for each in memory) / MIB for kind in ("uss", "rss")
    )
    print(f"memory of each of {SIDE_BY_SIDE}, empty: {own:.0f} MiB, {resident:.0f} MiB with what they share")


def _measure_door(folder: Path, cluster_id: UUID, key: str, options: argparse.Namespace) -> None:
    from pymilvus import MilvusClient

    with _servers(cluster_id, folder / "door") as (direct_port, port):
        ports = (direct_port, direct_port) if options.noise else (direct_port, port)
        # Two names for one address, so that pymilvus opens two connections also when they are one port.
        names = ("127.0.0.1", "localhost") if options.noise else ("127.0.0.1", "127.0.0.1")
        clients = [
            MilvusClient(uri=f"http://{name}:{each}", token=key)
            for name, each in zip(names, ports, strict=True)
        ]
        _compare(clients, options.rounds)


def _measure_gateway(folder: Path, cluster_id: UUID, key: str, options: argparse.Namespace) -> None:
    from pymilvus import MilvusClient

    from adieu.clusters.engines import Place
    from adieu.clusters.engines.milvus_server.access import read
    from adieu.clusters.engines.milvus_server.engine import MilvusServer
    from tests.support.clusters import free_port, wait_until

    with _milvus(folder / "milvus", options) as server:
        place = Place(cluster_id, folder / "gateway", free_port())
        engine = MilvusServer(place, server=server)
        engine.prepare()
        engine.start()
        # Once it is made on the server, asking why it ended starts the gateway.
        wait_until(lambda: engine.why_ended() is None and engine.is_ready())
        memory = psutil.Process(engine.pid).memory_full_info()
        print(f"memory of the gateway: {memory.uss / MIB:.0f} MiB of its own, {memory.rss / MIB:.0f} in all")
        access = read(cluster_id, place.folder)
        direct = MilvusClient(uri=server.uri, token=access.token, db_name=access.name)
        try:
            _compare([direct, MilvusClient(uri=f"http://127.0.0.1:{place.port}", token=key)], options.rounds)
        finally:
            engine.destroy()


@contextmanager
def _milvus(folder: Path, options: argparse.Namespace) -> Iterator[Any]:
    from adieu.clusters.engines.milvus_server.server import Server
    from tests.support.real_milvus import real_milvus

    if options.milvus:
        yield Server(options.milvus, options.milvus_token)
        return
    with real_milvus(folder) as server:
        yield server


def _compare(clients: list[Any], rounds: int) -> None:
    """Measure two clients of the same data, the second behind what is measured."""
    _fill(clients[0])
    print(f"\n{'':28}", *(f"{each:>12}" for each in COLUMNS))
    for name, call in _calls().items():
        _report_latency(name, call, clients, rounds)
    _report_throughput(clients)


@contextmanager
def _servers(cluster_id: UUID, folder: Path) -> Iterator[tuple[int, int]]:
    command = [sys.executable, "-m", "benchmarks.cluster_servers", str(cluster_id), str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        direct, behind_door = map(int, process.stdout.readline().split())
        yield direct, behind_door
        process.stdin.close()


def _vector(number: int) -> list[float]:
    return [float((number * 31 + each * 17) % 101) for each in range(DIMENSION)]


def _fill(client: Any) -> None:
    for name in ("measured", "written"):
        client.create_collection(name, dimension=DIMENSION)
    for first in range(0, ROWS, 500):
        client.insert(
            "measured", [{"id": each, "vector": _vector(each)} for each in range(first, first + 500)]
        )
    client.flush("measured")


def _calls() -> dict[str, Call]:
    next_id = iter(range(10**9))

    def insert(client: Any) -> object:
        first = next(next_id) * BATCH
        rows = [{"id": each, "vector": _vector(each)} for each in range(first, first + BATCH)]
        return client.insert("written", rows)

    return {
        "search, the 10 nearest": lambda client: client.search("measured", data=[_vector(7)], limit=10),
        "query by id": lambda client: client.query("measured", filter="id == 7"),
        f"insert {BATCH} rows": insert,
        "list collections": lambda client: client.list_collections(),
    }


def _report_latency(name: str, call: Call, clients: list[Any], rounds: int) -> None:
    times: list[list[float]] = [[], []]
    for number in range(rounds + 10):
        # Each goes first every other time.
        for side in (0, 1) if number % 2 else (1, 0):
            began = time.perf_counter()
            call(clients[side])
            times[side].append((time.perf_counter() - began) * 1000)
    direct, door = (sorted(each[10:]) for each in times)
    figures = []
    for part in (0.5, 0.99):
        one, other = direct[int(len(direct) * part)], door[int(len(door) * part)]
        figures += [f"{one:.2f} ms", f"{other:.2f} ms", f"{other / one:.3f}"]
    print(f"{name:28}", *(f"{each:>12}" for each in figures), flush=True)


def _report_throughput(clients: list[Any]) -> None:
    search = _calls()["search, the 10 nearest"]
    done: list[list[float]] = [[], []]
    for turn in range(TURNS * 2):
        side = turn % 2
        done[side].append(_searches_a_second(search, clients[side]))
    direct, door = (statistics.median(each) for each in done)
    print(f"\nsearches a second, {THREADS} threads, median of {TURNS} turns of {SECONDS:.0f} s each:")
    print(f"direct {direct:.1f}, door {door:.1f}, ratio {door / direct:.3f}")


def _searches_a_second(search: Call, client: Any) -> float:
    counts = [0] * THREADS
    deadline = time.monotonic() + SECONDS

    def work(number: int) -> None:
        while time.monotonic() < deadline:
            search(client)
            counts[number] += 1

    workers = [threading.Thread(target=work, args=(number,)) for number in range(THREADS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return sum(counts) / SECONDS


if __name__ == "__main__":
    main()
