"""What is left on the disk of a cluster that was destroyed: nothing (Rules K2, K3)."""

import os
import signal
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from adieu.clusters.engines.milvus_lite.engine import MilvusLite
from adieu.clusters.engines.process.running import destroy
from tests.support.clusters import Cluster, running, wait_until

# No database of Adieu takes part.
pytestmark = pytest.mark.only_on("sqlite")
MARKED = "marmaladequoll"
VECTOR = [float(number) + 0.123456 for number in range(8)]
MARKS = (MARKED.encode(), struct.pack("<8f", *VECTOR)[:16])


def test_no_byte_of_marked_vectors_and_words_is_left(tmp_path: Path) -> None:
    # Rule K2
    with running(tmp_path) as cluster:
        _fill(cluster)
        assert {mark for mark in MARKS if _files_with(mark, tmp_path)} == set(MARKS)
        cluster.engine.destroy()
        assert [_files_with(mark, tmp_path) for mark in MARKS] == [[], []]
        assert [each.name for each in tmp_path.iterdir()] == ["guests"]
        assert not cluster.engine.is_ready()


def test_destroying_twice_or_what_never_was_changes_nothing(tmp_path: Path) -> None:
    with running(tmp_path) as cluster:
        cluster.engine.destroy()
        cluster.engine.destroy()
    MilvusLite(Cluster(tmp_path).place).destroy()
    assert [each.name for each in tmp_path.iterdir()] == ["guests"]


def test_killed_at_any_call_that_changes_the_disk_the_next_one_finishes(tmp_path: Path) -> None:
    # Rule K2
    for step in range(40):
        folder = _folder_with_marks(tmp_path / f"step-{step}")
        killed = subprocess.run([sys.executable, "-c", KILLED, str(folder), str(step)], check=False)
        if killed.returncode == 0:
            break
        assert killed.returncode == -signal.SIGKILL
        destroy(folder)
        assert list(folder.parent.iterdir()) == []
    # The folder has 7 files and folders; each is a call, and so is the new name.
    assert step == 8


def test_a_process_that_outlived_whoever_started_it_is_ended_first(tmp_path: Path) -> None:
    with running(tmp_path) as cluster:
        _fill(cluster)
        MilvusLite(cluster.place).destroy()
        wait_until(lambda: cluster.engine.why_ended() is not None)
        assert cluster.engine.why_ended() == "It was killed."
        assert _files_with(MARKS[0], tmp_path) == []


def _closed(folder: Path) -> None:
    for each in [*folder.rglob("*"), folder]:
        each.chmod(0)


def _a_link_inside(folder: Path) -> None:
    outside = folder.parent.parent / "outside"
    outside.mkdir(exist_ok=True)
    (outside / "stays").write_text("stays")
    (folder / "link").symlink_to(outside)


def _deep(folder: Path) -> None:
    for _ in range(200):
        folder /= "deep"
    folder.mkdir(parents=True)


@pytest.mark.parametrize("spoil", [_closed, _a_link_inside, _deep])
def test_a_folder_in_any_state_can_be_destroyed(tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    # Rule K3
    folder = _folder_with_marks(tmp_path / "here")
    spoil(folder)
    destroy(folder)
    assert list((tmp_path / "here").iterdir()) == []
    outside = tmp_path / "outside" / "stays"
    assert outside.exists() is (spoil is _a_link_inside)


# Kills itself before the call to the system with this number that changes the disk.
KILLED = """
import os, signal, sys
from pathlib import Path
left = int(sys.argv[2])
def counted(real):
    def call(*args, **more):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args, **more)
    return call
for name in ("rename", "unlink", "rmdir"):
    setattr(os, name, counted(getattr(os, name)))
from adieu.clusters.engines.process.running import destroy
destroy(Path(sys.argv[1]))
"""


def _fill(cluster: Cluster) -> None:
    """Have the marks in every kind of file that there is: the log of milvus-lite, its tables, its indexes."""
    client = cluster.client()
    client.create_collection("flushed", dimension=len(VECTOR))
    for name in ("flushed", "waiting"):
        if name == "waiting":
            client.create_collection(name, dimension=len(VECTOR))
        client.insert(name, [{"id": each, "vector": VECTOR, "word": MARKED} for each in range(50)])
    client.flush("flushed")


def _folder_with_marks(parent: Path) -> Path:
    folder = parent / "cluster"
    (folder / "data" / "collections").mkdir(parents=True)
    for name in ("log", "lock", "data/LOCK", "data/collections/table"):
        (folder / name).write_text(MARKED)
    return folder


def _files_with(mark: bytes, folder: Path) -> list[str]:
    files = [Path(at, name) for at, _, names in os.walk(folder) for name in names]
    # A socket holds no bytes.
    return [file.name for file in files if not file.is_socket() and mark in file.read_bytes()]
