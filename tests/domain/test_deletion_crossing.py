"""The point of no return and what follows it (Rules D6 to D9, D11)."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction

from adieu.accounts.addresses import AccountGone
from adieu.accounts.models import Account
from adieu.accounts.operations import change_profile
from adieu.activities.kinds import Kind
from adieu.activities.models import Activity
from adieu.core.keeping import NotYet
from adieu.deletion import requests, verification
from adieu.deletion.consents import TEXTS
from adieu.deletion.erasure import claim_step, finish_step, run_due_steps, wait_before
from adieu.deletion.farewell import (
    NOTICE_OF_COMPLETION,
    DeletionNotFound,
    link_token,
    progress_by_token,
)
from adieu.deletion.keepers import all_keepers
from adieu.deletion.models import (
    Consent,
    DeletionRequest,
    ErasureStep,
    ReasonCount,
    RequestState,
    StepState,
    Verification,
)
from adieu.deletion.queries import comments_in_use
from adieu.identities.models import IdentityClaim
from adieu.identities.operations import IdentityRetired
from adieu.identities.queries import ClaimStatus, status_of
from adieu.notices.models import Notice
from adieu.tenancy.models import Organization, OrganizationMembership, Role
from adieu.tenancy.operations import create_organization
from adieu.tenancy.queries import organizations_of
from adieu.vault.comments import keep_comment, sweep_strays
from adieu.vault.models import Comment, Entry
from tests.support.people import ask_to_leave, confirm, fail, join, leave, settle, work

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

ALICE = "alice@example.org"
BOB = "bob@example.org"
CHARLIE = "charlie@example.org"


def share(organization_id: UUID, account_id: UUID, role: Role, now: datetime) -> None:
    OrganizationMembership.objects.create(
        organization_id=organization_id, account_id=account_id, role=role, joined_at=now
    )


def test_the_account_is_gone_and_its_address_retired_in_the_same_row(now: datetime) -> None:
    alice = join(ALICE, now)
    key = IdentityClaim.objects.get(account_id=alice).key
    leave(alice, ALICE, now)
    assert not Account.objects.filter(id=alice).exists()
    claim = IdentityClaim.objects.get()
    assert (claim.key, claim.account_id, claim.retired_at) == (key, None, now)
    assert status_of(kind="email", identifier=ALICE) == ClaimStatus.RETIRED


def test_a_retired_address_cannot_become_an_account_again(now: datetime) -> None:
    leave(join(ALICE, now), ALICE, now)
    with pytest.raises(IdentityRetired):
        join("ALICE@Example.org", now)
    assert not Account.objects.filter(id__in=IdentityClaim.objects.values("account_id")).exists()


def test_a_blocker_that_appears_under_way_stops_everything(now: datetime) -> None:
    alice = join(ALICE, now)
    settle(alice, now)
    code = ask_to_leave(alice, ALICE, now)
    create_organization(account_id=alice, name="Late", now=now)
    with pytest.raises(verification.OwnThingsChanged):
        confirm(alice, code, now)
    with pytest.raises(requests.DeletionBlocked):
        confirm(alice, code, now)
    assert Account.objects.filter(id=alice).exists()
    assert DeletionRequest.objects.get().state == RequestState.OPEN
    assert Verification.objects.get().wrong_tries == 0
    assert status_of(kind="email", identifier=ALICE) == ClaimStatus.LIVE
    assert not ErasureStep.objects.exists()


def test_a_failing_keeper_rolls_everything_back(now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    alice = join(ALICE, now)
    settle(alice, now)
    code = ask_to_leave(alice, ALICE, now, comment="a comment")

    def stumble(**_: object) -> None:
        raise OSError

    monkeypatch.setattr(all_keepers()[-1], "erase_now", stumble)
    with pytest.raises(OSError, match=r"^$"):
        confirm(alice, code, now)
    assert Account.objects.filter(id=alice).exists()
    assert status_of(kind="email", identifier=ALICE) == ClaimStatus.LIVE
    assert not ReasonCount.objects.exists()
    assert not Consent.objects.exists()


def test_what_is_shared_stays_and_the_log_says_what_happened(now: datetime) -> None:
    alice, bob = join(ALICE, now), join(BOB, now)
    bobs = organizations_of(account_id=bob)[0]
    share(bobs.id, alice, Role.OWNER, now)
    leave(alice, ALICE, now)
    assert [m.account_id for m in OrganizationMembership.objects.all()] == [bob]
    assert Organization.objects.get(id=bobs.id).owner_count == 1
    recorded = Activity.objects.get(kind=Kind.MEMBER_ERASED)
    assert (recorded.organization_id, recorded.actor_id, recorded.subject_name) == (bobs.id, alice, "")


def test_two_owners_who_leave_one_after_the_other_leave_no_ownerless_organization(now: datetime) -> None:
    alice, bob = join(ALICE, now), join(BOB, now)
    bobs = organizations_of(account_id=bob)[0]
    share(bobs.id, alice, Role.OWNER, now)
    settle(alice, now)
    bobs_code, alices_code = ask_to_leave(bob, BOB, now), ask_to_leave(alice, ALICE, now)
    confirm(bob, bobs_code, now)
    with pytest.raises(requests.DeletionBlocked) as blocked:
        confirm(alice, alices_code, now)
    assert blocked.value.blockers[0].subject.name == bobs.name
    assert Organization.objects.get().owner_count == 1


def test_the_database_itself_refuses_the_last_owner(now: datetime) -> None:
    alice = join(ALICE, now)
    with pytest.raises(IntegrityError, match="organization_has_owner"), transaction.atomic():
        OrganizationMembership.objects.filter(account_id=alice).delete()
    with pytest.raises(IntegrityError, match="organization_has_owner"), transaction.atomic():
        OrganizationMembership.objects.filter(account_id=alice).update(role=Role.MEMBER)
    assert Organization.objects.get().owner_count == 1


def test_the_database_refuses_an_organization_without_owners(now: datetime) -> None:
    with pytest.raises(IntegrityError, match="organization_starts_with_owners"), transaction.atomic():
        Organization.objects.create(name="Nobody's", owner_count=1, created_at=now)


def test_charlie_is_untouched(now: datetime) -> None:
    charlie = join(CHARLIE, now)
    before = charlies_rows(charlie)
    alice = join(ALICE, now)
    leave(alice, ALICE, now)
    work(now)
    assert charlies_rows(charlie) == before


def charlies_rows(charlie: UUID) -> list[object]:
    organizations = OrganizationMembership.objects.filter(account_id=charlie).values("organization_id")
    return [
        list(Account.objects.filter(id=charlie).values()),
        list(Entry.objects.filter(account_id=charlie).values()),
        list(IdentityClaim.objects.filter(account_id=charlie).values()),
        list(Organization.objects.filter(id__in=organizations).values()),
        list(Activity.objects.filter(organization_id__in=organizations).values()),
    ]


def test_no_keeper_finds_anything_after_the_work_is_done(now: datetime) -> None:
    alice = join(ALICE, now)
    leave(alice, ALICE, now)
    work(now)
    assert {keeper.name: list(keeper.residue(account_id=alice)) for keeper in all_keepers()} == {
        keeper.name: [] for keeper in all_keepers()
    }


def test_the_residue_check_can_fail(now: datetime) -> None:
    alice = join(ALICE, now)
    found = [name for keeper in all_keepers() for name in keeper.residue(account_id=alice)]
    assert len(found) >= 5


def test_the_reason_becomes_a_number_and_the_comment_loses_its_person(now: datetime) -> None:
    alice = join(ALICE, now)
    settle(alice, now)
    deletion_id = confirm(alice, ask_to_leave(alice, ALICE, now, comment="slow on Mondays"), now)
    count = ReasonCount.objects.get()
    assert (count.week.isoweekday(), count.reason, count.count) == (1, "privacy", 1)
    assert DeletionRequest.objects.get().reason == ""
    work(now)
    comment = Comment.objects.get()
    assert (comment.text, comment.request_id) == ("slow on Mondays", None)
    assert str(comment.key) not in repr(list(ErasureStep.objects.values_list()))
    assert progress_by_token(token=link_token(deletion_id=deletion_id), now=now).is_completed


def test_the_comment_of_a_request_that_ended_is_erased(now: datetime) -> None:
    alice = join(ALICE, now)
    settle(alice, now)
    code = ask_to_leave(alice, ALICE, now, comment="of a request that ended")
    wrong = "00000000" if code != "00000000" else "11111111"
    for _ in range(5):
        with pytest.raises((verification.WrongCode, verification.RequestEnded)):
            confirm(alice, wrong, now)
    leave(alice, ALICE, now + timedelta(minutes=2))
    work(now + timedelta(minutes=2))
    assert not Comment.objects.exists()


def test_a_comment_kept_after_its_person_left_is_swept(now: datetime) -> None:
    alice = join(ALICE, now)
    settle(alice, now)
    deletion_id = confirm(alice, ask_to_leave(alice, ALICE, now, comment="first"), now)
    assert sweep_strays(in_use=comments_in_use) == 0
    work(now)
    keep_comment(request_id=deletion_id, text="from a second tab, too late")
    assert sweep_strays(in_use=comments_in_use) == 1
    assert [comment.text for comment in Comment.objects.all()] == ["first"]


def test_a_profile_saved_while_its_person_left_is_not_kept(now: datetime) -> None:
    alice = join(ALICE, now)
    leave(alice, ALICE, now)
    run_due_steps(now=lambda: now, random=lambda: 0.0, report=fail)
    with pytest.raises(AccountGone):
        change_profile(account_id=alice, name="Alice", company="Analog", country="")
    assert Entry.objects.values_list("name", "company").get(account_id=alice) == ("", "")


def test_the_same_reason_twice_in_a_week_is_two(now: datetime) -> None:
    for address in (ALICE, BOB):
        leave(join(address, now), address, now)
    assert ReasonCount.objects.get().count == 2


def test_the_texts_that_were_ticked_are_kept_as_evidence(now: datetime) -> None:
    leave(join(ALICE, now), ALICE, now)
    assert set(Consent.objects.values_list("text_id", "given_at")) == {(text, now) for text in TEXTS}


def test_the_address_stays_until_the_last_mail_was_taken_and_then_goes(now: datetime) -> None:
    alice = join(ALICE, now)
    leave(alice, ALICE, now)
    # Twice: on PostgreSQL a step that erased waits for others (Note [One compaction for many]).
    run_due_steps(now=lambda: now, random=lambda: 0.0, report=fail)
    run_due_steps(now=lambda: now + timedelta(seconds=3), random=lambda: 0.0, report=fail)
    entry = Entry.objects.get(account_id=alice)
    assert (entry.address, entry.name, entry.company, entry.country) == (ALICE, "", "", "")
    assert Notice.objects.get(kind=NOTICE_OF_COMPLETION).state == "owed"
    work(now + timedelta(seconds=5))
    assert Notice.objects.get(kind=NOTICE_OF_COMPLETION).state == "delivered"
    assert not Entry.objects.filter(account_id=alice).exists()
    assert not ErasureStep.objects.exclude(state=StepState.DONE).exists()


def test_the_farewell_link_shows_progress_and_no_person(now: datetime) -> None:
    alice = join(ALICE, now)
    token = link_token(deletion_id=leave(alice, ALICE, now))
    before = progress_by_token(token=token, now=now)
    assert (before.state, before.done_count) == (RequestState.ERASING, 0)
    work(now)
    after = progress_by_token(token=token, now=now)
    assert after.is_completed
    # The last two are declared only at the completion; the page lists them from the beginning.
    assert [step.title for step in before.steps] == [step.title for step in after.steps]
    assert after.done_count == len(after.steps)
    assert "alice" not in repr(after).lower()


@pytest.mark.parametrize("token", ["", "x" * 46, "ü" * 46, "../../etc/passwd", "A" * 5000])
def test_a_guessed_link_leads_nowhere(now: datetime, token: str) -> None:
    leave(join(ALICE, now), ALICE, now)
    with pytest.raises(DeletionNotFound):
        progress_by_token(token=token, now=now)


def test_a_link_to_an_open_request_leads_nowhere(now: datetime) -> None:
    alice = join(ALICE, now, is_welcomed=False)
    ask_to_leave(alice, ALICE, now)
    with pytest.raises(DeletionNotFound):
        progress_by_token(token=link_token(deletion_id=DeletionRequest.objects.get().id), now=now)


def test_a_worker_that_wakes_up_after_its_lease_changes_nothing(now: datetime) -> None:
    leave(join(ALICE, now), ALICE, now)
    late = claim_step(now=now)
    assert late is not None
    again = claim_step(now=now + timedelta(minutes=2))
    while again is not None and again.id != late.id:
        again = claim_step(now=now + timedelta(minutes=2))
    assert again is not None
    assert finish_step(late, now=now + timedelta(minutes=2)) is False
    assert ErasureStep.objects.get(id=late.id).state == StepState.RUNNING
    assert finish_step(again, now=now + timedelta(minutes=2)) is True


def test_a_step_that_fails_is_tried_again_later_and_hides_no_other(
    now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave(join(ALICE, now), ALICE, now)
    vault = next(keeper for keeper in all_keepers() if keeper.name == "vault")
    steps = ErasureStep.objects.filter(keeper="vault").count()

    def stumble(**_: object) -> None:
        raise OSError

    failures: list[UUID] = []
    with monkeypatch.context() as patch:
        patch.setattr(vault, "run", stumble)
        run_due_steps(now=lambda: now, random=lambda: 0.0, report=lambda step, _error: failures.append(step))
    assert len(failures) == steps
    assert ErasureStep.objects.filter(state=StepState.WAITING).count() == steps
    assert DeletionRequest.objects.get().state == RequestState.ERASING
    work(now + timedelta(minutes=1))
    assert DeletionRequest.objects.get().state == RequestState.COMPLETED


def test_waiting_for_something_is_no_failure(now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    leave(join(ALICE, now), ALICE, now)
    vault = next(keeper for keeper in all_keepers() if keeper.name == "vault")

    def not_yet(**_: object) -> None:
        raise NotYet

    with monkeypatch.context() as patch:
        patch.setattr(vault, "run", not_yet)
        run_due_steps(now=lambda: now, random=lambda: 0.0, report=fail)
    assert DeletionRequest.objects.get().state == RequestState.ERASING


def test_retries_wait_longer_each_time_up_to_a_cap() -> None:
    assert wait_before(attempts=1, random=0.0) == timedelta(seconds=1)
    assert wait_before(attempts=5, random=0.0) == timedelta(seconds=16)
    assert wait_before(attempts=50, random=0.0) == timedelta(minutes=7.5)
    assert wait_before(attempts=50, random=1.0) == timedelta(minutes=15)


def test_a_personal_row_cannot_be_written_after_the_account_is_gone(now: datetime) -> None:
    alice = join(ALICE, now)
    leave(alice, ALICE, now)
    bob = join(BOB, now)
    with pytest.raises(IntegrityError), transaction.atomic():
        share(organizations_of(account_id=bob)[0].id, alice, Role.MEMBER, now)


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "erasing"},
        {"state": "completed"},
        {"state": "ended"},
        {"account": None},
        {"state": "gone"},
    ],
)
def test_the_database_ties_states_to_their_times(now: datetime, changes: dict[str, object]) -> None:
    alice = join(ALICE, now, is_welcomed=False)
    ask_to_leave(alice, ALICE, now)
    with pytest.raises(IntegrityError), transaction.atomic():
        DeletionRequest.objects.update(**changes)
