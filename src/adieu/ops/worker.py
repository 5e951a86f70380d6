"""The worker: hands over what is owed, runs the erasure steps, sweeps."""

import logging
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
from adieu.deletion.erasure import run_due_steps
from adieu.kit import limits, logs
from adieu.notices import sweeps as notices
from adieu.notices.delivery import deliver_due
from adieu.ops.checkpoints import checkpoint_main
from adieu.tenancy import endings as invitations
from adieu.vault import comments
from adieu.vault import operations as vault
from adieu.vault.checkpoints import checkpoint as checkpoint_vault

PAUSE = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


@dataclass
class Chore:
    """Something to be done again and again."""

    name: str
    do: Callable[[datetime], object]
    every: timedelta
    due_at: datetime | None = None


def chores() -> list[Chore]:
    """List everything a worker does."""
    return [
        Chore("steps", lambda _: _run_steps(), PAUSE),
        Chore("notices", lambda now: deliver_due(now=now, mailer=mailers.default), PAUSE),
        Chore("main_checkpoint", lambda _: checkpoint_main(), PAUSE),
        Chore("limits_sweep", lambda now: limits.sweep(now=now), MINUTE),
        Chore("sessions_sweep", lambda now: sessions.sweep(now=now), MINUTE),
        Chore("accounts_sweep", accounts.sweep_unverified, MINUTE),
        Chore("requests_sweep", lambda now: deletions.sweep(now=now), MINUTE),
        Chore("notices_sweep", lambda now: notices.sweep(now=now), MINUTE),
        Chore("comments_sweep", lambda now: comments.sweep_comments(now=now), MINUTE),
        Chore("strays_sweep", _sweep_stray_comments, MINUTE),
        Chore("invitations_sweep", lambda now: invitations.sweep(now=now), MINUTE),
        Chore("entries_sweep", _sweep_entries, MINUTE),
        Chore("vault_compaction", lambda _: vault.owe_compaction(), DAY),
        # Last of the sweeps: what they erased leaves the vault's files (Rule P3).
        Chore("vault_checkpoint", lambda _: checkpoint_vault(), MINUTE),
    ]


def work_until_told() -> None:
    """Do every chore when it is due, until SIGTERM or SIGINT; the one under way is finished first."""
    told = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: told.set())
    listed = chores()
    while not told.is_set():
        for chore in listed:
            if not told.is_set():
                do_if_due(chore, now=timezone.now())
        close_old_connections()
        told.wait(PAUSE.total_seconds())


def do_if_due(chore: Chore, *, now: datetime) -> None:
    """Do one chore; if it fails, the log says so and the others go on."""
    if chore.due_at and now < chore.due_at:
        return
    chore.due_at = now + chore.every
    try:
        chore.do(now)
    except Exception as error:  # noqa: BLE001  one chore that fails must not stop the erasure of others
        logs.record(f"worker.{chore.name}_failed", level=logging.ERROR, exception=error)
        # A failed chore may leave a broken connection behind.
        close_old_connections()


def _run_steps() -> None:
    run_due_steps(now=timezone.now, random=random.random, report=_report)


def _report(step_id: UUID, error: Exception) -> None:
    logs.record("step.failed", level=logging.ERROR, exception=error, step=step_id)


def _sweep_stray_comments(_now: datetime) -> None:
    comments.sweep_strays(in_use=deletion_queries.comments_in_use)


def _sweep_entries(now: datetime) -> None:
    vault.sweep_orphans(known_account_ids=_still_known, now=now)


def _still_known(account_ids: list[UUID]) -> set[UUID]:
    return account_queries.known(account_ids) | deletion_queries.entries_in_use(account_ids)
