"""Hand over what is owed. Any number of workers do this; a notice is in one worker's hands at a time."""

import contextlib
import logging
import random as random_numbers
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from django.core.mail import EmailMessage
from django.db.models import F, Q

from adieu.kit import logs
from adieu.kit.crashing import crash_point
from adieu.notices.composing import NothingToSay, OwedNotice, compose
from adieu.notices.envelopes import envelope
from adieu.notices.models import Notice, NoticeState
from adieu.notices.outcomes import Outcome, outcome_of
from adieu.notices.sweeps import forget_mail
from adieu.vault.operations import UnableToCheckpoint

# A hand-over asks the server four times, and each time waits 20 seconds at most (`timeout` in MAILERS).
LEASE = timedelta(seconds=100)
LONGEST_WAIT = timedelta(minutes=15)
BATCH = 20

FINAL_STATES = {
    Outcome.ACCEPTED: NoticeState.DELIVERED,
    Outcome.REFUSED: NoticeState.REFUSED,
    Outcome.NOTHING_TO_SAY: NoticeState.GIVEN_UP,
}


class Mailer(Protocol):
    """What we need of a Django mailer."""

    def open(self) -> bool | None:
        """Connect, unless connected."""

    def close(self) -> None:
        """End the connection, if there is one."""

    def send_messages(self, email_messages: Sequence[EmailMessage], /) -> int:
        """Hand messages over."""


def deliver_due(
    *,
    now: datetime,
    mailer: Mailer,
    random: Callable[[], float] = random_numbers.random,
    may_go_on: Callable[[], bool] = lambda: True,
) -> int:
    """Hand over what is due, over one connection; stop when the server cannot be reached.

    Args:
        now: the time the batch starts at.
        mailer: Django's `mailers.default`.
        random: gives a number from 0 to 1, so that retries do not come all at once.
        may_go_on: is asked before each mail; a worker that is told to end hands over no other.

    Returns:
        How many mails the server accepted.
    """
    batch = _Batch(now, mailer, random)
    try:
        batch.give_up_overdue()
        return batch.hand_over_due(may_go_on)
    finally:
        batch.close()


class _Batch:
    """One round of hand-overs."""

    def __init__(self, now: datetime, mailer: Mailer, random: Callable[[], float]) -> None:
        self._now = now
        self._began = time.monotonic()
        self._mailer = mailer
        self._random = random
        self._settled: list[UUID] = []

    @property
    def now(self) -> datetime:
        """The time; a batch can take minutes, and a lease must not start in the past."""
        return self._now + timedelta(seconds=time.monotonic() - self._began)

    def give_up_overdue(self) -> None:
        """Give up what came too late; a code that ran out is not sent. Needs no server."""
        for notice_id in _ids(_free(self.now) & Q(give_up_at__lte=self.now)):
            given_up = Notice.objects.filter(_free(self.now), id=notice_id).update(
                state=NoticeState.GIVEN_UP, settled_at=self.now, leased_until_at=None
            )
            if given_up:
                self._settled.append(notice_id)
                logs.record("notice.given_up", level=logging.WARNING, notice=notice_id)

    def hand_over_due(self, may_go_on: Callable[[], bool]) -> int:
        """Hand over one after the other; return how many were accepted."""
        accepted = 0
        for notice_id in _ids(_due(self.now)):
            if not (may_go_on() and self._reach_server()):
                break
            notice = self._lease(notice_id)
            if notice is None:
                continue
            crash_point(f"notice.leased.{notice.kind}")
            outcome = self._hand_over(notice)
            crash_point(f"notice.handed_over.{notice.kind}")
            self._settle(notice, outcome)
            crash_point(f"notice.settled.{notice.kind}")
            accepted += outcome is Outcome.ACCEPTED
            if outcome is Outcome.UNREACHABLE:
                break
        return accepted

    def close(self) -> None:
        """End the connection, and erase from the vault what is settled (Rule P4: after the row)."""
        self._disconnect()
        try:
            forget_mail(self._settled)
        except UnableToCheckpoint as error:
            # Somebody reads the vault just now; the sweep does it again within a minute.
            logs.record("vault.checkpoint_delayed", exception=error)

    def _reach_server(self) -> bool:
        """Connect before leasing, so that a slow connect does not use the lease up."""
        try:
            self._mailer.open()
        except Exception as error:  # noqa: BLE001 - whatever it is, without a connection nothing can go out
            self._disconnect()
            self._postpone(error)
            return False
        return True

    def _postpone(self, error: Exception) -> None:
        """Let everything due wait, so that a server in trouble is asked once a round, not once a mail."""
        # The one that was tried least sets the pace: it may be a code that somebody waits for.
        fewest = Notice.objects.filter(_due(self.now)).order_by("attempts").values_list("attempts", flat=True)
        wait = self._wait((fewest.first() or 0) + 1)
        Notice.objects.filter(_due(self.now)).update(
            attempts=F("attempts") + 1, next_attempt_at=self.now + wait
        )
        logs.record("mail_server.unreachable", level=logging.WARNING, exception=error)

    def _lease(self, notice_id: UUID) -> Notice | None:
        """Take a notice, unless another worker was faster: one conditional update decides."""
        taken = Notice.objects.filter(_due(self.now), id=notice_id).update(
            leased_until_at=self.now + LEASE, attempts=F("attempts") + 1
        )
        return Notice.objects.get(id=notice_id) if taken else None

    def _hand_over(self, notice: Notice) -> Outcome:
        try:
            message = envelope(notice_id=notice.id, composed=compose(_as_owed(notice)), now=self.now)
            crash_point(f"notice.composed.{notice.kind}")
            if not self._is_ours(notice):
                return Outcome.TEMPORARY
            self._mailer.send_messages([message])
        except NothingToSay:
            logs.record("notice.nothing_to_say", notice=notice.id)
            return Outcome.NOTHING_TO_SAY
        except Exception as error:  # noqa: BLE001 - one notice that cannot be written must not stop the others
            outcome = outcome_of(error)
            logs.record(
                f"notice.{outcome.value}",
                level=logging.WARNING,
                exception=error,
                notice=notice.id,
            )
            # What the server thinks of this connection is unknown now.
            self._disconnect()
            return outcome
        logs.record("notice.accepted", notice=notice.id)
        return Outcome.ACCEPTED

    def _is_ours(self, notice: Notice) -> bool:
        """Look once more before what cannot be taken back; a worker may have stalled beyond its lease."""
        return Notice.objects.filter(id=notice.id, state=NoticeState.OWED, attempts=notice.attempts).exists()

    def _settle(self, notice: Notice, outcome: Outcome) -> None:
        """Write down what became of it, in one statement.

        Rule D8: a kill between the server's acceptance and this leaves the notice owed;
        the second copy has the same Message-ID.
        """
        owed = Notice.objects.filter(id=notice.id, state=NoticeState.OWED)
        if outcome in FINAL_STATES:
            owed.update(state=FINAL_STATES[outcome], settled_at=self.now, leased_until_at=None)
            self._settled.append(notice.id)
            return
        # Somebody else may have it by now if the lease ran out: `attempts` tells.
        owed.filter(attempts=notice.attempts).update(
            next_attempt_at=min(self.now + self._wait(notice.attempts), notice.give_up_at),
            leased_until_at=None,
        )

    def _wait(self, attempts: int) -> timedelta:
        seconds: float = min(2 ** min(attempts, 16), LONGEST_WAIT.total_seconds())
        return timedelta(seconds=seconds * (1 + self._random()) / 2)

    def _disconnect(self) -> None:
        # A server that is gone cannot be told goodbye.
        with contextlib.suppress(Exception):
            self._mailer.close()


def _as_owed(notice: Notice) -> OwedNotice:
    return OwedNotice(
        id=notice.id,
        kind=notice.kind,
        account_id=notice.account_id,
        payload=notice.payload,
        owed_at=notice.owed_at,
        give_up_at=notice.give_up_at,
    )


def _free(now: datetime) -> Q:
    return Q(state=NoticeState.OWED) & (Q(leased_until_at=None) | Q(leased_until_at__lt=now))


def _due(now: datetime) -> Q:
    return _free(now) & Q(next_attempt_at__lte=now, give_up_at__gt=now)


def _ids(condition: Q) -> list[UUID]:
    due = Notice.objects.filter(condition).order_by("next_attempt_at", "owed_at")
    return list(due.values_list("id", flat=True)[:BATCH])
