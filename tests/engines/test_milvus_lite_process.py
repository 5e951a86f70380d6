"""The process of a cluster on milvus-lite: what it opens, keeps and survives (Rule K1)."""

import resource
import signal
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import psutil
import pytest
from pymilvus import DataType, Function, FunctionType, MilvusException

from adieu.clusters.engines.milvus_lite.engine import MilvusLite
from adieu.clusters.engines.process.endings import SENTENCES, Ending
from adieu.clusters.engines.process.inner import NAME
from tests.support.clusters import KEY, Cluster, run, running, wait_until

# No database of Adieu takes part.
pytestmark = pytest.mark.only_on("sqlite")
DIMENSION = 8
MARK = "quixoticwombat"


def test_it_listens_on_one_port_of_this_machine_only(tmp_path: Path) -> None:
    with running(tmp_path) as cluster:
        cluster.client().list_collections()
        process = psutil.Process(cluster.engine.pid)
        everything = process.net_connections("all")
        listening = [tuple(each.laddr) for each in everything if each.status == psutil.CONN_LISTEN]
        assert listening == [("127.0.0.1", cluster.place.port)]
        assert [each for each in everything if each.type == socket.SOCK_DGRAM] == []
        # The server of gRPC listens within the folder, which nobody else enters.
        own = cluster.place.folder / NAME
        assert own.is_socket()
        named = {each.laddr for each in everything if each.family == socket.AF_UNIX and each.laddr}
        assert {Path(name).name for name in named} == {NAME}
        assert stat.S_IMODE(cluster.place.folder.stat().st_mode) == stat.S_IRWXU
        assert process.children() == []


def test_stopped_and_started_again_it_has_all_data_and_searches_at_once(tmp_path: Path) -> None:
    with running(tmp_path) as cluster:
        client = cluster.client()
        client.create_collection("kept", dimension=DIMENSION)
        client.insert("kept", [_row(each) for each in range(30)])
        client.flush("kept")
        client.delete("kept", ids=[1])
        client.upsert("kept", [_row(2, word="changed")])
        client.insert("kept", [_row(each) for each in range(30, 40)])
        before = _all(client)
        cluster.engine.stop(patience=30)
        assert cluster.engine.why_ended() == SENTENCES[Ending.TOLD]
        cluster.start()
        again = cluster.client_again()
        assert _all(again) == before
        assert len(before) == 39
        assert before[2] == "changed"
        assert again.search("kept", data=[_row(7)["vector"]], limit=1)[0][0]["id"] == 7


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM])
def test_ended_while_inserting_it_keeps_all_that_was_acknowledged(
    tmp_path: Path, sign: signal.Signals, record_property: Any
) -> None:
    with running(tmp_path) as cluster:
        cluster.client().create_collection("kept", dimension=DIMENSION)
        acknowledged: set[int] = set()
        writers = [
            threading.Thread(target=_insert_on, args=(cluster, acknowledged, first)) for first in (0, 10**6)
        ]
        for writer in writers:
            writer.start()
        wait_until(lambda: len(acknowledged) >= 200)
        cluster.kill(sign)
        for writer in writers:
            writer.join()
        ended = SENTENCES[Ending.TOLD] if sign is signal.SIGTERM else "It was killed."
        assert cluster.engine.why_ended() == ended
        cluster.start()
        assert acknowledged - set(_all(cluster.client_again())) == set()
        record_property(f"milvus-lite: rows acknowledged before {sign.name}, all there", len(acknowledged))


def test_writers_and_readers_side_by_side_lose_nothing(tmp_path: Path) -> None:
    # Note [One writer]: milvus-lite by itself writes them into each other, which shows when its log is read.
    with running(tmp_path) as cluster:
        faults: list[BaseException] = []

        def work(number: int) -> None:
            try:
                client = cluster.client()
                if not client.has_collection("shared"):
                    _create_unless_there(client)
                for first in range(number * 10_000, number * 10_000 + 1500, 50):
                    client.insert("shared", [_row(each) for each in range(first, first + 50)])
                    client.search("shared", data=[[1.0] * DIMENSION], limit=5)
            except (MilvusException, grpc.RpcError) as error:
                faults.append(error)

        workers = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert faults == []
        assert cluster.client().get_collection_stats("shared")["row_count"] == 8 * 1500
        cluster.kill()
        cluster.start()
        assert cluster.client_again().get_collection_stats("shared")["row_count"] == 8 * 1500


def test_a_disk_that_fails_ends_it_and_loses_nothing_acknowledged(tmp_path: Path) -> None:
    # A limit on the size of files fails a write in its middle, as a full disk does.
    with running(tmp_path) as cluster:
        client = cluster.client()
        client.create_collection("kept", dimension=DIMENSION)
        client.insert("kept", [_row(each) for each in range(100)])
        pid = cluster.engine.pid
        assert pid is not None
        size = max(file.stat().st_size for file in (cluster.place.folder / "data").rglob("*.arrow"))
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size + 20_000, size + 20_000))
        acknowledged = set(range(100))
        with pytest.raises((MilvusException, grpc.RpcError)):
            _insert_until_refused(client, acknowledged)
        wait_until(lambda: cluster.engine.why_ended() is not None)
        assert cluster.engine.why_ended() == SENTENCES[Ending.DISK_FAILED]
        cluster.start()
        again = cluster.client_again()
        assert acknowledged - set(_all(again)) == set()
        again.insert("kept", [_row(900_000)])
        cluster.engine.stop(patience=30)
        cluster.start()
        assert acknowledged | {900_000} <= set(_all(cluster.client_again()))


def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path)
    cluster.engine.prepare()
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", cluster.place.port))
        other.listen()
        ended = run(cluster)
    assert ended.returncode == Ending.PORT_TAKEN
    line = f"adieu: cluster {cluster.place.cluster_id}: Another program on this machine uses its port.\n"
    assert line in ended.stderr


def _not_there(folder: Path) -> None:
    pass


def _a_file(folder: Path) -> None:
    folder.write_text("")


def _a_broken_link(folder: Path) -> None:
    folder.symlink_to(folder.with_name("nowhere"))


@pytest.mark.parametrize("spoil", [_not_there, _a_file, _a_broken_link])
def test_a_folder_that_is_missing_or_none_is_said_and_not_made(
    tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    cluster = Cluster(tmp_path)
    spoil(cluster.place.folder)
    cluster.engine.start()
    wait_until(lambda: cluster.engine.why_ended() is not None)
    assert cluster.engine.why_ended() == SENTENCES[Ending.FOLDER_UNUSABLE]
    assert not cluster.place.folder.is_dir()
    cluster.end()


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path)
    # A folder in which not even root can make a file.
    cluster.place.folder.symlink_to("/proc/self")
    assert run(cluster).returncode == Ending.FOLDER_UNUSABLE


def test_a_folder_is_used_by_one_process_only(tmp_path: Path) -> None:
    with running(tmp_path) as cluster:
        second = run(cluster)
        assert second.returncode == Ending.FOLDER_IN_USE
        assert cluster.client().list_collections() == []


def test_data_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path)
    cluster.engine.prepare()
    (cluster.place.folder / "data").write_text("no folder")
    assert run(cluster).returncode in {Ending.DATA_UNREADABLE, Ending.DISK_FAILED}


def test_it_ends_when_whoever_started_it_was_killed(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path)
    cluster.engine.prepare()
    starter = (
        "import sys, uuid, time, pathlib\n"
        "from adieu.clusters.engines import Place\n"
        "from adieu.clusters.engines.milvus_lite.engine import MilvusLite\n"
        "place = Place(uuid.UUID(sys.argv[1]), pathlib.Path(sys.argv[2]), int(sys.argv[3]))\n"
        "command = [sys.executable, '-m', 'tests.support.engine_process', sys.argv[4]]\n"
        "engine = MilvusLite(place, command=command)\n"
        "engine.start()\n"
        "while not engine.is_ready(): time.sleep(0.02)\n"
        "print(engine.pid, flush=True)\n"
        "sys.stdin.read()\n"
    )
    place = cluster.place
    words = [str(place.cluster_id), str(place.folder), str(place.port), str(cluster.guests)]
    with subprocess.Popen(
        [sys.executable, "-c", starter, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        engine = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    psutil.wait_procs([engine], timeout=60)
    assert not engine.is_running()


def test_its_log_tells_when_it_ran_and_nothing_of_what_it_holds(tmp_path: Path) -> None:
    # Rule P1
    with running(tmp_path) as cluster:
        client = cluster.client()
        client.create_collection(MARK, dimension=DIMENSION)
        with pytest.raises(MilvusException):
            client.query(MARK, filter=f"{MARK} === '{MARK}'")
        with pytest.raises(MilvusException):
            cluster.client(f"adieu_{MARK}")
        client.insert(MARK, [_row(1, word=MARK)])
        cluster.engine.stop(patience=30)
        log = (cluster.place.folder / "log").read_text(encoding="utf-8")
        assert f"cluster.ready cluster={cluster.place.cluster_id}" in log
        assert f"cluster.ended cluster={cluster.place.cluster_id} code=0" in log
        assert MARK not in log
        assert KEY not in log


def test_it_calls_no_address_that_a_collection_names(tmp_path: Path) -> None:
    with running(tmp_path) as cluster, socket.socket() as elsewhere:
        elsewhere.bind(("127.0.0.1", 0))
        elsewhere.listen()
        elsewhere.settimeout(0)
        client = cluster.client()
        schema = client.create_schema()
        schema.add_field("id", DataType.INT64, is_primary=True)
        schema.add_field("text", DataType.VARCHAR, max_length=100)
        schema.add_field("vector", DataType.FLOAT_VECTOR, dim=4)
        address = f"http://127.0.0.1:{elsewhere.getsockname()[1]}"
        parameters = {
            "provider": "openai",
            "model_name": "m",
            "api_key": "k",
            "base_url": address,
            "dimensions": 4,
        }
        schema.add_function(
            Function(
                name="embed",
                function_type=FunctionType.TEXTEMBEDDING,
                input_field_names=["text"],
                output_field_names=["vector"],
                params=parameters,
            )
        )
        client.create_collection("texts", schema=schema)
        with pytest.raises(MilvusException, match="A cluster calls no other service"):
            client.insert("texts", [{"id": 1, "text": "where does this go"}])
        with pytest.raises(BlockingIOError):
            elsewhere.accept()


def test_starting_twice_starts_one(tmp_path: Path) -> None:
    with running(tmp_path) as cluster:
        first = cluster.engine.pid
        cluster.engine.start()
        assert cluster.engine.pid == first
        assert cluster.engine.why_ended() is None


def test_it_tells_what_it_takes(tmp_path: Path) -> None:
    with running(tmp_path) as cluster:
        client = cluster.client()
        client.create_collection("kept", dimension=DIMENSION)
        before = cluster.engine.measure()
        client.insert("kept", [_row(each, word="long" * 100) for each in range(1000)])
        after = cluster.engine.measure()
        assert before.disk_bytes is not None
        assert after.disk_bytes is not None
        assert after.disk_bytes > before.disk_bytes + 400_000
        assert 2**24 < before.memory_bytes < 2**30
    assert cluster.engine.measure().memory_bytes == 0


def test_what_was_never_started_is_not_ready_and_stops(tmp_path: Path) -> None:
    engine = MilvusLite(Cluster(tmp_path).place)
    assert not engine.is_ready()
    assert engine.why_ended() is None
    engine.stop(patience=1)


def _row(number: int, *, word: str = "w") -> dict[str, Any]:
    return {
        "id": number,
        "vector": [float(number % 97 == each) + number for each in range(DIMENSION)],
        "word": word,
    }


def _all(client: Any, collection: str = "kept") -> dict[int, str]:
    rows = client.query(collection, filter="id >= 0", output_fields=["word"], limit=16_000)
    return {row["id"]: row["word"] for row in rows}


def _numbers(first: int) -> Iterator[int]:
    yield from range(first, first + 100_000)


def _insert_on(cluster: Cluster, acknowledged: set[int], first: int) -> None:
    """Insert until the cluster is gone, and note what was acknowledged."""
    client = cluster.client(timeout=5)
    for number in _numbers(first):
        try:
            client.insert("kept", [_row(number)], retry_times=1, timeout=5)
        except (MilvusException, grpc.RpcError):
            return
        acknowledged.add(number)


def _insert_until_refused(client: Any, acknowledged: set[int]) -> None:
    for number in _numbers(1000):
        client.insert("kept", [_row(number)], timeout=5)
        acknowledged.add(number)


def _create_unless_there(client: Any) -> None:
    try:
        client.create_collection("shared", dimension=DIMENSION)
    except MilvusException as error:
        assert "already exists" in error.message
