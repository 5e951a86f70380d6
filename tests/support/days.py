"""Clusters, a runner with engines at the edge, and the time that passes."""

from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from adieu.clusters import operations
from adieu.clusters.models import Cluster, State
from adieu.clusters.runner import Runner
from tests.support.cast import make_account
from tests.support.fake_engine import DATA, FakeEngine, FakeEngines, Inline
from tests.support.rooms import make_organization, make_project


class Day:
    """A data folder, a runner, and the time that passes."""

    def __init__(self, folder: Path, now: datetime, *, starting_at_once: int = 3) -> None:
        self.starting_at_once = starting_at_once
        self.folder, self.now, self.engines = folder, now, FakeEngines()
        # By other programs on the machine.
        self.used_ports: set[int] = set()
        self.engines.trouble["used_ports"] = self.used_ports
        self.alice = make_account()
        self.office = make_organization(self.alice, now)
        self.atlas = make_project(self.office, self.alice, now)
        self.start_runner()

    def start_runner(self) -> None:
        """Begin anew, as after a kill: nothing is remembered, and no engine runs."""
        self.runner = Runner(
            engines={"milvus-lite": self.engines},
            folder=self.folder,
            hands=Inline(),
            starting_at_once=self.starting_at_once,
            is_port_free=lambda port: port not in self.used_ports,
        )

    def pass_time(self, seconds: float = 0.5, times: int = 1) -> None:
        for _ in range(times):
            self.now += timedelta(seconds=seconds)
            self.runner.look(now=self.now)

    def create(self, name: str = "Birds") -> UUID:
        return operations.create(project_id=self.atlas, account_id=self.alice, name=name, now=self.now)

    def running(self) -> Cluster:
        self.create()
        self.pass_time(times=2)
        assert self.cluster.state == State.RUNNING
        return self.cluster

    def suspend(self) -> None:
        operations.suspend(cluster_id=self.cluster.id, account_id=self.alice, now=self.now)

    def resume(self) -> None:
        operations.resume(cluster_id=self.cluster.id, account_id=self.alice, now=self.now)

    def delete(self) -> None:
        operations.delete(cluster_id=self.cluster.id, account_id=self.alice, typed_name="Birds", now=self.now)

    @property
    def cluster(self) -> Cluster:
        return Cluster.objects.get()

    @property
    def engine(self) -> FakeEngine:
        return self.engines.last

    @property
    def data(self) -> Path:
        return self.folder / str(self.cluster.id) / DATA
