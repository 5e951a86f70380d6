"""What the rest of the clusters knows of the databases behind them: one protocol, fulfilled by each kind."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True)
class Place:
    """Where one cluster lives: its folder, which holds nothing else, and its port on this machine."""

    cluster_id: UUID
    folder: Path
    port: int


@dataclass(frozen=True)
class Measure:
    """What a cluster takes: memory while it runs, and bytes on disk, if that can be told.

    `trouble` says, in a sentence for its owner, what is wrong although it runs.
    """

    memory_bytes: int
    disk_bytes: int | None
    trouble: str = ""


class Undestroyed(Exception):
    """A cluster could not be destroyed yet. The reason is a sentence that its owner may read."""


class Engine(Protocol):
    """One cluster's database, as whoever keeps it running sees it. Nothing here waits but `stop`."""

    def prepare(self) -> None:
        """Make its folder, when the cluster is created; later a missing one is a fault."""

    def start(self) -> None:
        """Start it, unless it runs. Whether it answers is asked afterwards."""

    def has_answered(self) -> bool:
        """Tell whether it answered since this was asked last; one that answers shows it every few seconds."""

    def why_ended(self) -> str | None:
        """Say why it ended, in a sentence for the owner; nothing while it runs or was never started."""

    def lacks_port(self) -> bool:
        """Tell whether it ended because another program on this machine has its port."""

    def stop(self, *, patience: float) -> None:
        """End it: it finishes what it is doing, and is killed after `patience` seconds."""

    def measure(self) -> Measure:
        """Tell what it takes now."""

    def destroy(self) -> None:
        """Stop it at once and leave no byte of its data on disk, durably; may be repeated (Rules K2, K3)."""
