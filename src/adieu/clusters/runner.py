"""The runner: compares what is wanted of each cluster with what runs, and brings the two together.

It keeps nothing on disk but the clusters' own folders. Whatever it was doing when it was killed, the next one
sees in the rows (Note [Orders]) and does again: starting what runs, stopping what has stopped and destroying
what is gone are no mistakes. Nothing waits for one cluster but that cluster: whatever takes long is handed to
other hands. Only starting is done by turns, a few at a time: all at once would be too slow for every one.

Note [Held up]
A cluster that shows no sign of life for a minute is ended and started again. But when the runner itself did
not look for a while, as on a machine that slept, or the clock was set, that says nothing of the clusters:
each gets its minute anew.
"""

import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, wait
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError

from adieu.clusters import ports, progress
from adieu.clusters.engines import Engine, Place, Undestroyed
from adieu.clusters.models import Cluster, Failure, State
from adieu.clusters.watches import Then, Watch
from adieu.kit import logs
from adieu.kit.crashing import crash_point

# With waits that double from 1 s, a cluster that never starts has failed after about 15 s.
MOST_ENDS = 5
TIME_TO_ANSWER = timedelta(seconds=60)
# Longer than this between two looks, and the runner itself was held up.
LATE = timedelta(seconds=10)
MEASURE_EVERY = timedelta(seconds=15)
SECONDS_TO_STOP = 10.0

type MakeEngine = Callable[[Place], Engine]


class Runner:
    """Keeps the clusters of one data folder as their rows say."""

    def __init__(
        self,
        *,
        engines: Mapping[str, MakeEngine],
        folder: Path,
        hands: Executor,
        starting_at_once: int,
        is_port_free: Callable[[int], bool] = ports.is_free,
    ) -> None:
        self._engines = engines
        self._folder = folder
        self._hands = hands
        self._starting_at_once = starting_at_once
        self._is_port_free = is_port_free
        self._watches: dict[UUID, Watch] = {}
        self._looked_at: datetime | None = None
        self._acts = {
            State.CREATING: self._keep_up,
            State.RESUMING: self._keep_up,
            State.RUNNING: self._keep_up,
            State.SUSPENDING: self._suspend,
            State.SUSPENDED: self._keep_down,
            State.FAILED: self._keep_down,
            State.DELETING: self._destroy,
        }

    def look(self, *, now: datetime) -> None:
        """Look at every cluster once, and do what is next for it."""
        if self._looked_at is None or not timedelta(0) <= now - self._looked_at <= LATE:
            self._excuse_all(now)
        self._looked_at = now
        rows = list(Cluster.objects.order_by("created_at", "id"))
        for row in rows:
            try:
                self._look_at(row, now)
            except DatabaseError:
                raise
            except Exception as error:  # noqa: BLE001 - one in trouble holds up no other
                logs.record("cluster.look_failed", level=logging.ERROR, exception=error, cluster=row.id)
        for lost in self._watches.keys() - {row.id for row in rows}:
            self._hands.submit(self._watches.pop(lost).engine.stop, patience=0)

    def end(self, *, patience: float) -> None:
        """Stop every cluster, all at once; their rows stay, so the next runner starts them again."""
        stopping = [
            self._hands.submit(watch.engine.stop, patience=patience) for watch in self._watches.values()
        ]
        wait(stopping)

    def _excuse_all(self, now: datetime) -> None:
        """Let every cluster have its time to answer anew (Note [Held up])."""
        for watch in self._watches.values():
            if watch.alive_at is not None:
                watch.alive_at = now

    def _look_at(self, row: Cluster, now: datetime) -> None:
        watch = self._watches.get(row.id) or self._begin_watch(row)
        if watch.work is not None and not self._is_settled(watch, row, now):
            return
        if watch.place.port != row.port:
            watch.engine.stop(patience=0)
            watch = self._begin_watch(row)
        if row.id in self._watches:
            self._acts[State(row.state)](row, watch, now)

    def _begin_watch(self, row: Cluster) -> Watch:
        place = Place(cluster_id=row.id, folder=self._folder / str(row.id), port=row.port)
        watch = self._watches[row.id] = Watch(self._engines[row.engine](place), place)
        return watch

    def _hand_away(self, watch: Watch, work: Callable[[], None], then: Then) -> None:
        watch.work, watch.then = self._hands.submit(work), then

    def _is_settled(self, watch: Watch, row: Cluster, now: datetime) -> bool:
        """Tell whether work that was handed away is done, and see to what follows."""
        work, then = watch.work, watch.then
        if work is None or then is None or not work.done():
            return False
        watch.work = watch.then = None
        then(row, work.exception(), now)
        # What follows may have changed the row; the next look sees it as it is then.
        return False

    def _keep_up(self, row: Cluster, watch: Watch, now: datetime) -> None:
        if watch.try_again_at and now < watch.try_again_at:
            return
        if watch.alive_at is None:
            self._start(row, watch, now)
        elif (why := watch.engine.why_ended()) is not None:
            if watch.engine.lacks_port() and not self._is_port_free(row.port):
                self._move(row, now)
            else:
                self._count_end(row, watch, Failure.ENDED, why, now)
        elif watch.engine.has_answered():
            self._note_answer(row, watch, now)
        elif now - watch.alive_at >= TIME_TO_ANSWER:
            self._hand_away(watch, lambda: watch.engine.stop(patience=0), self._note_silence)

    def _start(self, row: Cluster, watch: Watch, now: datetime) -> None:
        if sum(each.is_starting(now) for each in self._watches.values()) >= self._starting_at_once:
            return
        is_missing = not watch.place.folder.is_dir()
        # A folder that was lost is never replaced by an empty one without a word.
        if is_missing and row.state != State.CREATING:
            self._fail(row, Failure.DATA_MISSING, "", now)
            return
        watch.try_again_at = None
        try:
            if is_missing:
                watch.engine.prepare()
                crash_point("cluster.prepared")
            watch.engine.start()
        except OSError as error:
            logs.record("cluster.unable_to_start", level=logging.ERROR, exception=error, cluster=row.id)
            self._count_end(row, watch, Failure.UNABLE_TO_START, "", now)
            return
        watch.alive_at = now
        crash_point("cluster.started")

    def _note_answer(self, row: Cluster, watch: Watch, now: datetime) -> None:
        watch.alive_at = now
        watch.up_since = watch.up_since or now
        if row.state != State.RUNNING:
            progress.mark_running(cluster_id=row.id, seen=State(row.state), now=now)
        if watch.measured_at is None or now - watch.measured_at >= MEASURE_EVERY:
            watch.measured_at = now
            progress.note_measure(cluster_id=row.id, measure=watch.engine.measure(), now=now)

    def _note_silence(self, row: Cluster, error: BaseException | None, now: datetime) -> None:
        # It is down, as an order may have said meanwhile.
        if self._acts[State(row.state)] == self._keep_up:
            self._count_end(row, self._watches[row.id], Failure.TOO_SLOW, "", now)

    def _move(self, row: Cluster, now: datetime) -> None:
        """Give a cluster another port than its own, which another program has."""
        free = [port for port in settings.ADIEU.cluster_ports if self._is_port_free(port)]
        port = progress.move(cluster_id=row.id, seen=row.port, among=free, now=now)
        if port is None:
            self._fail(row, Failure.NO_PORT_FREE, "", now)
        else:
            # The next look finds it in the row.
            logs.record("cluster.moved", level=logging.WARNING, cluster=row.id, port=port)

    def _count_end(self, row: Cluster, watch: Watch, failure: Failure, reason: str, now: datetime) -> None:
        watch.count_end(now)
        logs.record("cluster.ended_by_itself", level=logging.WARNING, cluster=row.id, times=watch.ends)
        if watch.ends >= MOST_ENDS:
            self._fail(row, failure, reason, now)

    def _fail(self, row: Cluster, failure: Failure, reason: str, now: datetime) -> None:
        self._watches[row.id].begin_anew()
        logs.record("cluster.failed", level=logging.ERROR, cluster=row.id)
        progress.mark_failed(
            cluster_id=row.id, seen=State(row.state), failure=failure, reason=reason, now=now
        )

    def _suspend(self, row: Cluster, watch: Watch, now: datetime) -> None:
        self._hand_away(watch, lambda: watch.engine.stop(patience=SECONDS_TO_STOP), self._note_stopped)

    def _note_stopped(self, row: Cluster, error: BaseException | None, now: datetime) -> None:
        crash_point("cluster.stopped")
        if error is not None:
            logs.record("cluster.unable_to_stop", level=logging.ERROR, exception=error, cluster=row.id)
            self._fail(row, Failure.UNABLE_TO_STOP, "", now)
            return
        watch = self._watches[row.id]
        watch.begin_anew()
        watch.alive_at = None
        progress.mark_suspended(cluster_id=row.id, now=now)

    def _keep_down(self, row: Cluster, watch: Watch, now: datetime) -> None:
        """Make sure that it does not run: it may have failed in stopping."""
        if watch.alive_at is not None:
            watch.alive_at = None
            self._hand_away(watch, lambda: watch.engine.stop(patience=0), lambda *_: None)

    def _destroy(self, row: Cluster, watch: Watch, now: datetime) -> None:
        if watch.try_again_at is None or now >= watch.try_again_at or watch.alive_at is not None:
            watch.alive_at = None
            self._hand_away(watch, watch.engine.destroy, self._note_destroyed)

    def _note_destroyed(self, row: Cluster, error: BaseException | None, now: datetime) -> None:
        watch = self._watches[row.id]
        if error is not None:
            watch.count_end(now)
            logs.record("cluster.unable_to_destroy", level=logging.ERROR, exception=error, cluster=row.id)
            why = str(error) if isinstance(error, Undestroyed) else ""
            progress.note_undestroyed(cluster_id=row.id, reason=why)
            return
        crash_point("cluster.destroyed")
        del self._watches[row.id]
        progress.forget(cluster_id=row.id)
