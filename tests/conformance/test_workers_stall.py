"""A worker stalls beyond its lease at every point of its work, another does it, the first wakes (Rule D8)."""

from collections import Counter
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from django.core import mail
from django.db import OperationalError, connection, connections

from adieu.core.keeping import LeaseLost, NotYet
from adieu.deletion.erasure import claim_step
from adieu.deletion.keepers import keeper_named
from adieu.deletion.models import DeletionRequest, ErasureStep, RequestState, StepState
from adieu.kit.crashing import installed
from tests.support.departures import prepare_to_leave
from tests.support.people import confirm, join, work
from tests.support.stalling import Passing, Recorder, everything, stalled

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

BOB = "bob@example.org"
# Longer than the lease of a step and that of a mail.
STALL = timedelta(minutes=3)
# What is mailed of the work; of what else is owed, there is nothing left to say.
MAILS = ("deletion.completed", "tenancy.invitations_ended")
TAKEN = {f"notice.handed_over.{kind}" for kind in MAILS}


@pytest.fixture
def bob(now: datetime) -> UUID:
    return join(BOB, now)


def leave(bob: UUID, address: str, now: datetime) -> UUID:
    alice = join(address, now)
    return confirm(alice, prepare_to_leave(alice, address, bob, now), now)


def passings_of_a_worker(bob: UUID, now: datetime) -> list[Passing]:
    leave(bob, "alice@example.org", now)
    recorder = Recorder()
    with installed(recorder):
        work(now)
    assert DeletionRequest.objects.get().state == RequestState.COMPLETED
    return recorder.passings


def test_a_worker_that_wakes_up_late_changes_nothing_wherever_it_stalled(
    bob: UUID, now: datetime, record_property: Any
) -> None:
    passed = [each for each in passings_of_a_worker(bob, now) if not each.is_in_transaction]
    # Who stalls in the middle of a line of the ledger holds others up: tests/conformance/test_ledger.py.
    passings = [each for each in passed if not each.is_in_ledger]
    names = {step.name for step in ErasureStep.objects.all()}
    assert len(names) == 8
    assert names <= {each.point.rpartition(".")[2] for each in passings}
    for number, passing in enumerate(passings, start=1):
        # Hours apart, because of the limits.
        moment = now + number * timedelta(hours=2)
        leave(bob, f"alice.{number}@example.org", moment)
        before = len(mail.outbox)
        with stalled(partial(work, moment), passing) as late:
            work(moment + STALL)
            left = everything()
            assert not ErasureStep.objects.exclude(state=StepState.DONE).exists(), passing
            late.wake()
            assert late.outcome is None, passing
            assert everything() == left, passing
        check_mails(mail.outbox[before:], passing)
    record_property("places where a worker stalled and woke up", len(passings))


def check_mails(messages: list[mail.EmailMessage], passing: Passing) -> None:
    """Each mail once; Rule D8 allows another copy of the one that the server had taken before the stall."""
    copies = Counter(message.extra_headers["Message-ID"] for message in messages)
    assert len(copies) == len(MAILS), passing
    assert sorted(copies.values()) == ([1, 2] if passing.point in TAKEN else [1, 1]), passing


def test_whoever_is_in_the_middle_of_an_effect_cannot_be_overtaken(bob: UUID, now: datetime) -> None:
    passings = [each for each in passings_of_a_worker(bob, now) if each.is_in_transaction]
    # One passing of each: all of them hold the step's row.
    firsts = list({each.point: each for each in passings}.values())
    assert {"step.held", "step.changed", "step.settled"} <= {each.point for each in firsts}
    for number, passing in enumerate(firsts, start=1):
        moment = now + number * timedelta(hours=2)
        leave(bob, f"alice.{number}@example.org", moment)
        with stalled(partial(work, moment), passing):
            held = list(ErasureStep.objects.filter(state=StepState.RUNNING).values_list("id", flat=True))
            assert [step_id for step_id in claims(moment + STALL) if step_id in held] == [], passing
        work(moment + 2 * STALL)
        assert not ErasureStep.objects.exclude(state=StepState.DONE).exists(), passing


def claims(moment: datetime) -> list[UUID]:
    """Claim what can be claimed; SQLite lets nobody write meanwhile."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout = 10")
        with pytest.raises(OperationalError, match="locked"):
            claim_step(now=moment)
        connections["default"].close()
        return []
    taken = []
    while (claimed := claim_step(now=moment)) is not None:
        taken.append(claimed.id)
    return taken


def test_a_worker_whose_lease_was_taken_is_told_so(bob: UUID, now: datetime) -> None:
    leave(bob, "alice@example.org", now)
    ErasureStep.objects.exclude(name="tell_owners").update(next_attempt_at=now + timedelta(days=1))
    late = claim_step(now=now)
    assert late is not None
    assert claim_step(now=now + STALL) is not None
    with pytest.raises(LeaseLost):
        keeper_named(late.keeper).run(step=late.step, now=now)


def test_no_step_writes_to_the_main_database_without_holding_its_row(bob: UUID, now: datetime) -> None:
    leave(bob, "alice@example.org", now)
    inside: list[str] = []
    unheld: list[str] = []

    def follow(point: str) -> None:
        if point == "step.held":
            inside.append(point)
        elif point == "step.changed":
            inside.clear()

    def watch(execute, statement, params, many, context):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
        if statement.split(" ", 1)[0] in {"INSERT", "UPDATE", "DELETE"} and not inside:
            unheld.append(statement)
        return execute(statement, params, many, context)

    with installed(follow):
        while (claimed := claim_step(now=now)) is not None:
            # A vault on PostgreSQL is compacted for several at once, so a step may have to wait.
            with connection.execute_wrapper(watch), suppress(NotYet):
                keeper_named(claimed.keeper).run(step=claimed.step, now=now)
    # The first statement of `hold` itself is what takes the row.
    assert {statement.split('"')[1] for statement in unheld} == {"deletion_erasurestep"}
