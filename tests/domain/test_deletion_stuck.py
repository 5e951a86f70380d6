"""A step that cannot finish is shown to the operator, and the person is told (Rule D8)."""

from datetime import datetime, timedelta
from functools import partial
from uuid import UUID, uuid4

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from adieu.core.keeping import NotYet
from adieu.deletion.erasure import run_due_steps
from adieu.deletion.farewell import FINAL_MAIL_LIVES, FORGET_ADDRESS, link_token, progress_by_token
from adieu.deletion.models import DeletionRequest, ErasureStep, RequestState, StepState
from adieu.deletion.promises import PROMISE, tell_late
from adieu.deletion.queue import LEASE, MOST_FAILURES, claim_step, wait_with_step
from adieu.deletion.stuck import NothingStuck, retry, retry_all, unfinished
from adieu.notices.models import Notice
from adieu.ops import doctor, vaults
from adieu.ops.main import main
from tests.support.crowds import all_at_once
from tests.support.people import fail, join, leave, work
from tests.support.trouble import STEP, look, trouble, work_through

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

ALICE = "alice@example.org"
LONG = timedelta(hours=4)
LATE, STUCK = "Deleting your account takes longer than we said", "Deleting your account needs the people who"
LATE_AT_ONCE = 5
GONE = "Your account has been deleted"


@pytest.fixture
def deletion(now: datetime) -> UUID:
    alice = join(ALICE, now)
    left = leave(alice, ALICE, now)
    mail.outbox.clear()
    return left


@pytest.fixture
def stuck_at(deletion: UUID, now: datetime) -> datetime:
    """Have a step stuck, and give the time by when it is."""
    with trouble():
        return work_through(now, LONG)


def subjects() -> list[str]:
    return [str(message.subject) for message in mail.outbox]


def the_step() -> ErasureStep:
    keeper, name = STEP.split(".")
    return ErasureStep.objects.get(keeper=keeper, name=name)


def test_a_step_that_always_fails_is_stuck_and_stays_so(deletion: UUID, stuck_at: datetime) -> None:
    step = the_step()
    assert (step.state, step.failures, step.attempts) == (StepState.STUCK, MOST_FAILURES, MOST_FAILURES)
    assert not ErasureStep.objects.exclude(id=step.id).exclude(state=StepState.DONE).exists()
    # It does not go on by itself, even when what it met is mended.
    work(stuck_at + timedelta(days=1))
    assert the_step().state == StepState.STUCK
    assert DeletionRequest.objects.get().state == RequestState.ERASING


def test_of_what_it_met_only_the_type_is_kept(deletion: UUID, now: datetime) -> None:
    with trouble(ALICE):
        look(now)
    assert the_step().last_error == "tests.support.trouble.Broken"
    work(now + timedelta(hours=1))
    assert the_step().last_error == ""


def test_the_person_is_told_once_that_it_is_late_and_once_that_it_is_stuck(
    deletion: UUID, now: datetime
) -> None:
    with trouble():
        work_through(now, PROMISE - timedelta(minutes=15))
        assert [subject for subject in subjects() if subject.startswith(STUCK)] == []
        work_through(now + PROMISE, LONG)
        retry_all(now=now + timedelta(hours=8))
        work_through(now + timedelta(hours=8), LONG)
    assert [subject for subject in subjects() if subject == LATE] == [LATE]
    assert len([subject for subject in subjects() if subject.startswith(STUCK)]) == 1
    assert {message.to[0] for message in mail.outbox} == {ALICE}
    token = link_token(deletion_id=deletion)
    assert all(token in str(message.body) for message in mail.outbox)


def test_who_left_in_time_is_told_nothing_else(deletion: UUID, now: datetime) -> None:
    work(now)
    work_through(now + PROMISE, LONG)
    assert subjects() == [GONE]


def test_a_mail_of_trouble_that_is_over_by_then_is_not_sent(deletion: UUID, now: datetime) -> None:
    with trouble():
        work_through(now, PROMISE - timedelta(minutes=15))
    tell = now + PROMISE + timedelta(minutes=1)
    assert tell_late(now=tell) == 1
    assert tell_late(now=tell) == 0
    work(tell + timedelta(minutes=15))
    work(tell + timedelta(minutes=16))
    assert DeletionRequest.objects.get().state == RequestState.COMPLETED
    # Whether the mail or the step came first: nobody is told of trouble after the completion.
    assert subjects()[-1] == GONE
    assert subjects() in ([GONE], [LATE, GONE])


@pytest.mark.parametrize("which", ["step", "deletion", "all"])
def test_the_operator_has_it_tried_again(deletion: UUID, stuck_at: datetime, which: str) -> None:
    step = the_step()
    if which == "all":
        assert retry_all(now=stuck_at) == 1
    else:
        assert retry(wanted_id=step.id if which == "step" else deletion, now=stuck_at) == 1
    assert the_step().epoch == step.epoch
    work(stuck_at)
    assert DeletionRequest.objects.get().state == RequestState.COMPLETED
    assert subjects()[-1] == GONE
    assert list(unfinished()) == []
    with pytest.raises(NothingStuck):
        retry(wanted_id=step.id, now=stuck_at)


def test_what_is_tried_again_has_all_its_tries_and_all_its_time_again(
    deletion: UUID, stuck_at: datetime
) -> None:
    retry_all(now=stuck_at)
    with trouble():
        look(stuck_at)
    step = the_step()
    assert (step.state, step.failures < MOST_FAILURES) == (StepState.WAITING, True)
    again = claim_step(now=stuck_at + timedelta(minutes=1))
    assert again is not None
    wait_with_step(again, NotYet(), now=stuck_at + NotYet().longest - timedelta(seconds=1))
    assert the_step().state == StepState.WAITING


def test_two_workers_that_find_the_same_deletions_late_tell_each_person_once(now: datetime) -> None:
    for number in range(LATE_AT_ONCE):
        address = f"alice.{number}@example.org"
        leave(join(address, now), address, now)
    tell = partial(tell_late, now=now + PROMISE)
    told = [count for count in all_at_once(*[tell] * 4) if isinstance(count, int)]
    assert (len(told), sum(told)) == (4, LATE_AT_ONCE)
    assert Notice.objects.filter(kind="deletion.late").count() == LATE_AT_ONCE


def test_what_is_not_stuck_cannot_be_tried_again(deletion: UUID, now: datetime) -> None:
    for wanted_id in (deletion, the_step().id, uuid4()):
        with pytest.raises(NothingStuck):
            retry(wanted_id=wanted_id, now=now)
    assert retry_all(now=now) == 0


def test_the_operator_sees_what_is_under_way_and_what_is_stuck(
    deletion: UUID, stuck_at: datetime, capsys: pytest.CaptureFixture[str]
) -> None:
    # The commands take only the databases of an installation.
    vaults.pair()
    assert main(["deletions", "list", "--stuck"]) == 0
    said = capsys.readouterr().out
    step = the_step()
    assert said.startswith(f"deletion {deletion}: erasing, confirmed ")
    assert f"  step {step.id}: {STEP}, stuck for " in said
    assert "12 attempts, 12 failed, last error tests.support.trouble.Broken" in said
    assert doctor.examine() is False
    assert f"WRONG   the deletion {deletion} is stuck at {STEP}" in capsys.readouterr().out
    assert main(["deletions", "retry", str(step.id)]) == 0
    assert capsys.readouterr().out == "1 step is tried again.\n"
    assert main(["deletions", "retry", str(step.id)]) == 1
    assert capsys.readouterr().err == "adieu: No step is stuck under this id.\n"
    assert main(["deletions", "list", "--stuck"]) == 0
    assert capsys.readouterr().out == "No deletion is stuck.\n"
    work(timezone.now() + timedelta(minutes=1))
    assert main(["deletions", "list"]) == 0
    assert capsys.readouterr().out == "No deletion is under way.\n"
    assert main(["deletions", "retry", "--all"]) == 0
    assert capsys.readouterr().out == "0 steps are tried again.\n"


def test_the_farewell_page_says_so_with_and_without_script(
    deletion: UUID, now: datetime, client: Client
) -> None:
    page = f"/deletions/{link_token(deletion_id=deletion)}/"
    assert "Reload this page" in client.get(page).text
    with trouble():
        look(now)
        # The fixed moment of tests lies ahead of the clock that the page reads.
        DeletionRequest.objects.update(confirmed_at=timezone.now() - PROMISE - timedelta(minutes=1))
        assert "This takes longer than an hour" in client.get(page).text
        work_through(now + timedelta(minutes=15), LONG)
    for headers in ({}, {"HX-Request": "true"}):
        said = client.get(page, headers=headers).text
        assert "The people who run this console have to help" in said
        assert "Needs help" in said
        assert ("<html" in said) == (not headers)
        assert ALICE not in said
    steps = client.get(f"/api/v1{page[:-1]}").json()["steps"]
    assert [step["state"] for step in steps].count("stuck") == 1


def test_a_step_whose_worker_vanishes_each_time_is_stuck(deletion: UUID, now: datetime) -> None:
    steps = ErasureStep.objects.count()
    moment = now
    for _ in range(MOST_FAILURES):
        assert sum(1 for _ in iter(partial(claim_step, now=moment), None)) == steps
        moment += LEASE
    assert claim_step(now=moment) is None
    stuck = ErasureStep.objects.filter(state=StepState.STUCK)
    assert stuck.count() == steps
    assert set(stuck.values_list("last_error", flat=True)) == {"adieu.deletion.queue.WorkerVanished"}
    assert Notice.objects.filter(kind="deletion.stuck").count() == 1


def test_a_step_that_waits_for_too_long_is_stuck(deletion: UUID, now: datetime) -> None:
    claimed, longest = claim_step(now=now), NotYet().longest
    assert claimed is not None
    ErasureStep.objects.exclude(id=claimed.id).update(next_attempt_at=now + timedelta(days=1))
    wait_with_step(claimed, NotYet(), now=now + longest - timedelta(seconds=2))
    assert ErasureStep.objects.get(id=claimed.id).state == StepState.WAITING
    again = claim_step(now=now + longest)
    assert again is not None
    wait_with_step(again, NotYet(), now=now + longest)
    assert ErasureStep.objects.get(id=claimed.id).state == StepState.STUCK


def test_a_mail_server_that_is_away_for_days_is_nothing_to_worry_about(deletion: UUID, now: datetime) -> None:
    run_due_steps(now=lambda: now, random=lambda: 0.0, report=fail)
    run_due_steps(now=lambda: now + timedelta(seconds=3), random=lambda: 0.0, report=fail)
    last = ErasureStep.objects.get(name=FORGET_ADDRESS)
    moment = now + FINAL_MAIL_LIVES
    run_due_steps(now=lambda: moment, random=lambda: 0.0, report=fail)
    last.refresh_from_db()
    assert (last.state, last.failures) == (StepState.WAITING, 0)
    assert last.attempts > 0


def test_an_address_that_cannot_be_erased_is_said_beside_the_completion(
    deletion: UUID, now: datetime, client: Client
) -> None:
    work(now)
    ErasureStep.objects.filter(name=FORGET_ADDRESS).update(
        state=StepState.STUCK, done_at=None, stuck_at=now, failures=MOST_FAILURES
    )
    progress = progress_by_token(token=link_token(deletion_id=deletion), now=now)
    assert progress.is_completed
    assert progress.is_stuck
    assert not progress.is_over
    assert (
        "Your address is not erased yet."
        in client.get(f"/deletions/{link_token(deletion_id=deletion)}/").text
    )
