"""The worker: hands over what is owed, runs the erasure steps, sweeps."""

import logging
import os
import random
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.core.mail import mailers
from django.db import close_old_connections
from django.utils import timezone

from adieu.accounts import operations as accounts
from adieu.accounts import queries as account_queries
from adieu.accounts import sessions
from adieu.deletion import queries as deletion_queries
from adieu.deletion import requests as deletions
from adieu.deletion.erasure import Hand, run_due_steps
from adieu.deletion.promises import tell_late
from adieu.kit import limits, logs
from adieu.notices import sweeps as notices
from adieu.notices.delivery import deliver_due
from adieu.ops.archives import Bench
from adieu.ops.checkpoints import checkpoint_main
from adieu.ops.ledgers import catch_up
from adieu.tenancy import endings as invitations
from adieu.tenancy.replaying import sweep_left
from adieu.vault import archives, comments, copies
from adieu.vault import operations as vault
from adieu.vault.checkpoints import checkpoint as checkpoint_vault

PAUSE = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
# Less than what `adieu serve` waits before it uses force.
TIME_TO_FINISH = timedelta(seconds=3)
SIGNS = {signal.SIGTERM, signal.SIGINT}


@dataclass
class Chore:
    """Something to be done again and again."""

    name: str
    do: Callable[[datetime], object]
    every: timedelta
    begun_at: datetime | None = None


class Shift:
    """The time from a worker's start until it is told to end, and what it has in hand meanwhile."""

    def __init__(self) -> None:
        self.told = threading.Event()
        self.over = threading.Event()
        self.hand = Hand()
        self.bench = Bench(self.may_go_on)

    def may_go_on(self) -> bool:
        """Tell whether something new may be begun."""
        return not self.told.is_set()

    def watch(self) -> None:
        """Wait for a signal; then end the process, at the latest when the time to finish is over.

        What is in hand by then is given back, so that the next worker takes it at once and does not wait
        for the end of its lease.
        """
        signal.sigwait(SIGNS)
        self.told.set()
        if self.over.wait(TIME_TO_FINISH.total_seconds()):
            return
        try:
            was_given_back = self.hand.give_back(now=timezone.now())
            logs.record("worker.cut_short", level=logging.WARNING, given_back=was_given_back)
        finally:
            os._exit(0)


def chores(shift: Shift | None = None) -> list[Chore]:
    """List everything a worker does."""
    shift = shift or Shift()
    return [
        Chore("steps", lambda _: _run_steps(shift), PAUSE),
        Chore("notices", lambda now: _deliver(shift, now), PAUSE),
        Chore("archives", shift.bench.build, PAUSE),
        Chore("ledger", lambda now: catch_up(now=now), PAUSE),
        Chore("late_deletions", lambda now: tell_late(now=now), MINUTE),
        Chore("main_checkpoint", lambda _: checkpoint_main(), PAUSE),
        Chore("limits_sweep", lambda now: limits.sweep(now=now), MINUTE),
        Chore("sessions_sweep", lambda now: sessions.sweep(now=now), MINUTE),
        Chore("accounts_sweep", accounts.sweep_unverified, MINUTE),
        Chore("requests_sweep", lambda now: deletions.sweep(now=now), MINUTE),
        Chore("notices_sweep", lambda now: notices.sweep(now=now), MINUTE),
        Chore("comments_sweep", lambda now: comments.sweep_comments(now=now), MINUTE),
        Chore("strays_sweep", _sweep_stray_comments, MINUTE),
        Chore("invitations_sweep", lambda now: invitations.sweep(now=now), MINUTE),
        Chore("ownerless_sweep", lambda now: sweep_left(now=now), MINUTE),
        Chore("archives_sweep", lambda now: archives.sweep(now=now), MINUTE),
        Chore("entries_sweep", _sweep_entries, MINUTE),
        Chore("vault_compaction", lambda _: vault.owe_compaction(), DAY),
        # Last of the sweeps: what they erased leaves the vault's files (Rule P3).
        Chore("vault_checkpoint", lambda _: checkpoint_vault(), MINUTE),
        Chore("vault_copy", lambda now: copies.renew_when_due(now=now), MINUTE),
    ]


def work_until_told() -> None:
    """Do every chore when it is due, until SIGTERM or SIGINT; what is under way is finished or given back."""
    # Blocked for all threads but taken by one: a handler could run in the middle of anything.
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNS)
    shift = Shift()
    threading.Thread(target=shift.watch, daemon=True).start()
    listed = chores(shift)
    while shift.may_go_on():
        for chore in listed:
            if shift.may_go_on():
                do_if_due(chore, now=timezone.now())
        close_old_connections()
        shift.told.wait(PAUSE.total_seconds())
    shift.bench.leave()
    shift.over.set()


def do_if_due(chore: Chore, *, now: datetime) -> None:
    """Do one chore; if it fails, the log says so and the others go on."""
    # A clock that was set back does not keep a chore waiting until it has caught up.
    if chore.begun_at and chore.begun_at <= now < chore.begun_at + chore.every:
        return
    chore.begun_at = now
    try:
        chore.do(now)
    except Exception as error:  # noqa: BLE001  one chore that fails must not stop the erasure of others
        logs.record(f"worker.{chore.name}_failed", level=logging.ERROR, exception=error)
        # A failed chore may leave a broken connection behind.
        close_old_connections()


def _run_steps(shift: Shift) -> None:
    run_due_steps(
        now=timezone.now,
        random=random.random,
        report=_report,
        hand=shift.hand,
        may_go_on=shift.may_go_on,
    )


def _deliver(shift: Shift, now: datetime) -> None:
    deliver_due(now=now, mailer=mailers.default, may_go_on=shift.may_go_on)


def _report(step_id: UUID, error: Exception) -> None:
    logs.record("step.failed", level=logging.ERROR, exception=error, step=step_id)


def _sweep_stray_comments(_now: datetime) -> None:
    comments.sweep_strays(in_use=deletion_queries.comments_in_use)


def _sweep_entries(now: datetime) -> None:
    vault.sweep_orphans(known_account_ids=_still_known, now=now)


def _still_known(account_ids: list[UUID]) -> set[UUID]:
    return account_queries.known(account_ids) | deletion_queries.entries_in_use(account_ids)
