"""The workers on a real database, and the mail server: what they do in a trace of the model."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.core.mail import EmailMessage
from django.db.models import F, QuerySet

from adieu.core.keeping import LeaseLost, NotYet
from adieu.deletion import stuck
from adieu.deletion.farewell import NOTICE_OF_COMPLETION
from adieu.deletion.keepers import keeper_named
from adieu.deletion.models import ErasureStep, StepState
from adieu.deletion.queue import (
    LEASE,
    MOST_FAILURES,
    Claimed,
    claim_step,
    fail_step,
    finish_step,
    renew_lease,
    wait_with_step,
)
from adieu.notices.delivery import _Batch
from adieu.notices.models import Notice
from adieu.notices.outcomes import Outcome
from tests.protocol.world import FAR, World

NAMES = {"step_tell": "tell_owners", "step_cut": "cut_down", "step_forget": "forget_address"}
# In the model a step fails twice until it is stuck.
FRESH = MOST_FAILURES - 2


class Wire:
    """What was handed to the mail server; it arrives when the trace says so."""

    def __init__(self) -> None:
        self.sent: list[EmailMessage] = []

    def open(self) -> None:
        """Nothing is to be connected."""

    def close(self) -> None:
        """Nor to be ended."""

    def send_messages(self, messages: Sequence[EmailMessage], /) -> int:
        """Take messages."""
        self.sent += messages
        return len(messages)


@dataclass
class Hands:
    """What a worker has in hand: a step, or a mail."""

    claimed: Claimed | None = None
    notice: Notice | None = None
    wire: Wire = field(default_factory=Wire)
    outcome: Outcome = Outcome.TEMPORARY


@dataclass
class Crew:
    """The workers of a world."""

    world: World
    hands: dict[str, Hands] = field(default_factory=dict)
    copies: int = 0

    @property
    def now(self) -> datetime:
        """The world's time; it stands still, and leases end when the trace says so."""
        return self.world.now

    # Steps.

    def rows(self) -> dict[str, ErasureStep]:
        """Read the steps that the model knows."""
        by_name = {row.name: row for row in self._steps().filter(name__in=NAMES.values())}
        return {ours: by_name[name] for ours, name in NAMES.items() if name in by_name}

    def _steps(self) -> QuerySet[ErasureStep]:
        return ErasureStep.objects.filter(request__former_account_id=self.world.ids["alice"])

    def do_other_steps(self) -> None:
        """Do the steps that the model leaves out."""
        others = self._steps().exclude(name__in=NAMES.values()).exclude(state=StepState.DONE)
        for step_id in list(others.values_list("id", flat=True)):
            claimed = self._claim(step_id, is_lease_over=False)
            assert claimed
            self._do(claimed)
            assert finish_step(claimed, now=self.now)

    def claim(self, who: str, row: str, *, is_lease_over: bool) -> None:
        """Claim this step and no other, or find that it has failed too often."""
        self.hands[who] = Hands(self._claim(self.rows()[row].id, is_lease_over=is_lease_over))

    def _claim(self, step_id: UUID, *, is_lease_over: bool) -> Claimed | None:
        every = ErasureStep.objects.exclude(state=StepState.DONE)
        wanted = every.filter(id=step_id)
        wanted.filter(failures__lt=FRESH).update(failures=FRESH)
        every.update(next_attempt_at=self.now + FAR)
        wanted.update(next_attempt_at=self.now)
        running = every.filter(state=StepState.RUNNING)
        running.update(leased_until_at=self.now + FAR)
        if is_lease_over:
            running.filter(id=step_id).update(leased_until_at=self.now - LEASE)
        return claim_step(now=self.now)

    def run(self, who: str) -> None:
        """Do the effect; where it has to wait, put the step back."""
        claimed = self._claimed(who)
        try:
            self._do(claimed)
        except NotYet as wait:
            wait_with_step(claimed, wait, now=self.now)

    def _do(self, claimed: Claimed) -> None:
        keeper = keeper_named(claimed.keeper)
        try:
            keeper.run(step=claimed.step, now=self.now)
        except NotYet:
            # On PostgreSQL the first try leaves the compaction to the second, which is two seconds later.
            keeper.run(step=claimed.step, now=self.now)

    def find_lease_lost(self, who: str) -> None:
        """Find that another worker has the step."""
        try:
            self.run(who)
        except LeaseLost:
            return
        raise AssertionError("it went on")

    def finish(self, who: str) -> bool:
        """Settle the step; tell whether it was still ours. In the model the receipt is part of completing."""
        is_ours = finish_step(self._claimed(who), now=self.now)
        self.do_other_steps()
        return is_ours

    def fail(self, who: str) -> None:
        """Let the step's work raise."""
        fail_step(self._claimed(who), OSError(), now=self.now, random=0.0)

    def renew(self, who: str) -> bool:
        """Lengthen the lease; tell whether it was still ours."""
        return renew_lease(self._claimed(who), now=self.now)

    def retry(self, row: str) -> None:
        """Start a stuck step again, as the operator does."""
        stuck.retry(wanted_id=self.rows()[row].id, now=self.now)

    def _claimed(self, who: str) -> Claimed:
        claimed = self.hands[who].claimed
        assert claimed
        return claimed

    # The last mail.

    def notice(self) -> Notice | None:
        """Read the last mail's row."""
        alice = self.world.ids.get("alice")
        return Notice.objects.filter(kind=NOTICE_OF_COMPLETION, account_id=alice).first()

    def lease_mail(self, who: str) -> None:
        """Take the mail; whoever had it stalled beyond the lease."""
        Notice.objects.exclude(leased_until_at=None).update(leased_until_at=F("owed_at") - timedelta(days=1))
        hands = self.hands[who] = Hands()
        owed = self.notice()
        assert owed
        hands.notice = self._batch(hands)._lease(owed.id)
        assert hands.notice

    def look_and_send(self, who: str) -> Outcome:
        """Look once more and hand it over; it is on its way, and has not arrived."""
        hands = self.hands[who]
        assert hands.notice
        hands.outcome = self._batch(hands)._hand_over(hands.notice)
        return hands.outcome

    def find_mail_lost(self, who: str) -> None:
        """Find that another worker has the mail, or had it: nothing is sent."""
        assert self.look_and_send(who) is not Outcome.ACCEPTED
        assert not self.hands[who].wire.sent
        self.settle_mail(who)

    def arrive(self, who: str) -> None:
        """Let the mail server take what is on its way."""
        self.copies += len(self.hands[who].wire.sent)

    def settle_mail(self, who: str) -> None:
        """Write down what became of it."""
        hands = self.hands[who]
        assert hands.notice
        self._batch(hands)._settle(hands.notice, hands.outcome)

    def _batch(self, hands: Hands) -> _Batch:
        return _Batch(self.now, hands.wire, lambda: 0.0)
