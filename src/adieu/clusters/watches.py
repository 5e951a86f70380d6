"""What the runner remembers of each cluster for as long as it lives itself."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime, timedelta

from adieu.clusters.engines import Engine, Place
from adieu.clusters.models import Cluster

LONGEST_WAIT = timedelta(minutes=5)
# A cluster that answered this long was healthy, so its next end counts as the first again.
HEALTHY_AFTER = timedelta(minutes=1)
# One that takes longer to start keeps the others waiting no more.
LONGEST_TURN = timedelta(seconds=20)

# What to do once work is done that was handed away: with the error that it ended in, if it did.
type Then = Callable[[Cluster, BaseException | None, datetime], None]


@dataclass
class Watch:
    """What is known of one cluster."""

    engine: Engine
    place: Place
    work: Future[None] | None = None
    then: Then | None = None
    # When it was started or answered last; nothing if this runner has not started it.
    alive_at: datetime | None = None
    up_since: datetime | None = None
    ends: int = 0
    try_again_at: datetime | None = None
    measured_at: datetime | None = None

    def begin_anew(self) -> None:
        """Forget what went wrong; the engine stays the one that knows its process."""
        self.ends = 0
        self.up_since = self.try_again_at = self.measured_at = None

    def count_end(self, now: datetime) -> None:
        """Count an end, and wait longer after each."""
        if self.up_since and now - self.up_since >= HEALTHY_AFTER:
            self.ends = 0
        self.ends += 1
        self.alive_at = self.up_since = None
        self.try_again_at = now + min(timedelta(seconds=2.0 ** min(self.ends - 1, 20)), LONGEST_WAIT)

    def is_starting(self, now: datetime) -> bool:
        """Tell whether it takes its turn of being started."""
        if self.alive_at is None or self.up_since is not None:
            return False
        return now - self.alive_at < LONGEST_TURN
