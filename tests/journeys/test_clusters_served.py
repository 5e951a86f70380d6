"""Clusters outlive whoever runs them: a runner that is killed, a service that starts again, two at once."""

import signal
from collections.abc import Callable
from pathlib import Path
from socket import socket
from subprocess import Popen
from threading import Thread
from typing import Any

import psutil

from tests.support import cluster_owner, vectors
from tests.support.houses import wait_until
from tests.support.served import Served, serve, start

MARK = "wombat"
INSERT = f"""
client.create_collection("marked", dimension=2)
client.insert("marked", [{{"id": 1, "vector": [0.1, 0.2], "word": "{MARK}"}}])
"""
READ = 'print(client.query("marked", filter="id == 1", output_fields=["word"])[0]["word"])'
SECONDS = 60


class Alice:
    """Somebody with a cluster."""

    def __init__(self, served: Served) -> None:
        self.has: dict[str, Any] = cluster_owner.prepare(served.settings)

    def does(self, act: str) -> str:
        return vectors.client(self.has["address"], self.has["key"], act).strip()

    def reads(self) -> bool:
        # The client itself waits long for an address at which nobody is.
        return self.is_at_home() and self.does(READ) == MARK

    def is_at_home(self) -> bool:
        with socket() as knocking:
            return knocking.connect_ex(("127.0.0.1", int(self.has["address"].rpartition(":")[2]))) == 0

    @property
    def engine(self) -> psutil.Process:
        """The process of her cluster."""
        return next(found for found in psutil.process_iter(["cmdline"]) if self.is_hers(found))

    def is_hers(self, process: psutil.Process) -> bool:
        words = process.info["cmdline"] or []
        return self.has["cluster"] in words


def runner_of(served: Served) -> psutil.Process:
    children = psutil.Process(served.process.pid).children()
    return next(child for child in children if "clusters" in child.cmdline())


def lines_of(process: Popen[str]) -> list[str]:
    """Gather what a process says."""
    lines: list[str] = []

    Thread(target=lambda: lines.extend(process.stdout or ()), daemon=True).start()
    return lines


def test_a_cluster_outlives_whoever_runs_it(tmp_path: Path) -> None:
    with serve(tmp_path) as served:
        alice = Alice(served)
        until(alice.is_at_home, "the cluster runs")
        alice.does(INSERT)
        assert alice.reads()

        killed, engine = runner_of(served), alice.engine
        killed.kill()
        psutil.wait_procs([engine], timeout=SECONDS)
        assert not engine.is_running()
        until(alice.reads, "the next runner has started it again, with what was acknowledged")
        assert runner_of(served).pid != killed.pid

        engine = alice.engine
        engine.kill()
        until(alice.reads, "its process was started again")

        second = start(served.settings, "clusters")
        said = lines_of(second)
        until(lambda: any("clusters.another_runs" in line for line in said), "the second one waits")
        engine = alice.engine
        served.process.send_signal(signal.SIGTERM)
        served.process.wait(timeout=SECONDS)
        until(alice.reads, "the second one has taken over")
        assert alice.engine.pid != engine.pid
        engine = alice.engine
        second.send_signal(signal.SIGTERM)
        assert second.wait(timeout=SECONDS) == 0
        assert not engine.is_running()


def until(holds: Callable[[], bool], what: str) -> None:
    wait_until(holds, what, seconds=SECONDS)
