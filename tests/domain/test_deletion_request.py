"""Before the point of no return (Rules D2 to D5)."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest

from adieu.activities.models import Activity
from adieu.deletion import requests, verification
from adieu.deletion.consents import TEXTS, ConsentMissing
from adieu.deletion.models import DeletionRequest, RequestState, Verification
from adieu.deletion.queries import code_sent, comments_in_use, preflight
from adieu.kit.errors import Fact
from adieu.kit.limits import LimitReached
from adieu.notices.models import Notice
from adieu.tenancy.models import OrganizationMembership
from adieu.tenancy.operations import create_organization
from adieu.tenancy.queries import organizations_of
from adieu.vault.comments import keep_comment, sweep_strays
from adieu.vault.models import Comment
from tests.support.people import (
    NETWORK_ADDRESS,
    SESSION,
    ask_to_leave,
    confirm,
    current_code,
    join,
    settle,
)

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

ALICE = "alice@example.org"
BOB = "bob@example.org"


def send(
    account_id: UUID, now: datetime, *, address: str = ALICE, network_address: str = NETWORK_ADDRESS
) -> Verification:
    return verification.send_code(
        account_id=account_id,
        address=address,
        session_digest=SESSION,
        network_address=network_address,
        now=now,
    )


def codes_owed() -> int:
    return Notice.objects.filter(kind=verification.NOTICE_OF_CODE).count()


def test_all_blockers_come_at_once_and_by_name(now: datetime) -> None:
    alice = join(ALICE, now)
    create_organization(account_id=alice, name="Zoo", now=now)
    blockers = preflight(account_id=alice).blockers
    assert [blocker.subject.name for blocker in blockers] == ["My organization", "Zoo"]
    assert {blocker.code for blocker in blockers} == {"sole_organization_owner"}
    assert all(blocker.remedies[0].href.endswith("/delete/") for blocker in blockers)


def test_a_blocked_person_cannot_open_a_request(now: datetime) -> None:
    alice = join(ALICE, now)
    with pytest.raises(requests.DeletionBlocked) as blocked:
        requests.open_request(account_id=alice, reason="privacy", comment="hello", now=now)
    assert [blocker.subject.name for blocker in blocked.value.blockers] == ["My organization"]
    assert not DeletionRequest.objects.exists()
    assert not Comment.objects.exists()


def test_a_person_without_organization_is_not_blocked(now: datetime) -> None:
    alice = join(ALICE, now, is_welcomed=False)
    assert preflight(account_id=alice).is_deletable


@pytest.mark.parametrize(
    ("reason", "comment", "fact"),
    [
        ("", "", requests.ReasonNotKnown),
        ("because", "", requests.ReasonNotKnown),
        ("privacy", "x" * 1001, requests.CommentNotAllowed),
        ("privacy", "a\0b", requests.CommentNotAllowed),
        ("privacy", "a\u202eb", requests.CommentNotAllowed),
    ],
)
def test_feedback_that_is_not_allowed_stores_nothing(
    now: datetime, reason: str, comment: str, fact: type[Fact]
) -> None:
    alice = join(ALICE, now, is_welcomed=False)
    with pytest.raises(fact):
        requests.open_request(account_id=alice, reason=reason, comment=comment, now=now)
    assert not DeletionRequest.objects.exists()
    assert not Comment.objects.exists()


def test_asking_twice_changes_the_one_request(now: datetime) -> None:
    alice = join(ALICE, now, is_welcomed=False)
    first = requests.open_request(account_id=alice, reason="privacy", comment="one", now=now)
    second = requests.open_request(account_id=alice, reason="too_hard", comment="two", now=now)
    assert first.id == second.id
    assert DeletionRequest.objects.get().reason == "too_hard"
    assert Comment.objects.get().text == "two"


def test_a_cancelled_request_leaves_nothing(now: datetime) -> None:
    alice = join(ALICE, now, is_welcomed=False)
    ask_to_leave(alice, ALICE, now, comment="a comment")
    requests.cancel(account_id=alice, now=now)
    assert not DeletionRequest.objects.exists()
    assert not Verification.objects.exists()
    assert not Comment.objects.exists()


def test_nothing_to_cancel_is_said(now: datetime) -> None:
    alice = join(ALICE, now, is_welcomed=False)
    with pytest.raises(requests.NoOpenRequest):
        requests.cancel(account_id=alice, now=now)


def test_a_request_that_nobody_confirms_is_forgotten_after_a_day(now: datetime) -> None:
    alice = join(ALICE, now, is_welcomed=False)
    ask_to_leave(alice, ALICE, now, comment="a comment")
    assert requests.sweep(now=now + timedelta(hours=23)) == 0
    assert requests.sweep(now=now + timedelta(hours=24)) == 1
    assert not DeletionRequest.objects.exists()
    assert not Comment.objects.exists()


def test_a_comment_that_lost_its_request_is_swept(now: datetime) -> None:
    alice = join(ALICE, now, is_welcomed=False)
    keep_comment(request_id=uuid4(), text="a kill between the two stores left this")
    requests.open_request(account_id=alice, reason="privacy", comment="this is still hers", now=now)
    assert sweep_strays(in_use=comments_in_use) == 1
    assert Comment.objects.get().text == "this is still hers"


def test_a_code_needs_an_open_request(now: datetime) -> None:
    alice = join(ALICE, now, is_welcomed=False)
    with pytest.raises(requests.NoOpenRequest):
        send(alice, now)
    assert codes_owed() == 0


@pytest.mark.parametrize("address", [BOB, "alice@example.com", "", "no address", "x" * 5000])
def test_only_the_accounts_own_address_gets_a_code(now: datetime, address: str) -> None:
    alice = join(ALICE, now, is_welcomed=False)
    join(BOB, now, is_welcomed=False)
    requests.open_request(account_id=alice, reason="privacy", comment="", now=now)
    with pytest.raises(verification.NotYourAddress):
        send(alice, now, address=address)
    assert codes_owed() == 0
    assert not Verification.objects.exists()


@pytest.mark.parametrize("address", ["ALICE@example.org", "alice@EXAMPLE.ORG"])
def test_the_address_may_be_typed_in_another_case(now: datetime, address: str) -> None:
    alice = join(ALICE, now, is_welcomed=False)
    requests.open_request(account_id=alice, reason="privacy", comment="", now=now)
    send(alice, now, address=address)
    assert codes_owed() == 1


def test_a_resend_waits_a_minute(now: datetime) -> None:
    alice = join(ALICE, now, is_welcomed=False)
    ask_to_leave(alice, ALICE, now)
    with pytest.raises(verification.ResendTooSoon) as too_soon:
        send(alice, now + timedelta(seconds=59))
    assert too_soon.value.retry_after == timedelta(seconds=1)
    assert codes_owed() == 1
    send(alice, now + timedelta(seconds=60))
    assert codes_owed() == 2


def test_a_resend_makes_the_earlier_code_worthless(now: datetime) -> None:
    alice = join(ALICE, now, is_welcomed=False)
    earlier = ask_to_leave(alice, ALICE, now)
    send(alice, now + timedelta(minutes=1))
    with pytest.raises(verification.WrongCode):
        confirm(alice, earlier, now + timedelta(minutes=2))


def test_five_codes_an_hour_for_an_account(now: datetime) -> None:
    alice = join(ALICE, now, is_welcomed=False)
    requests.open_request(account_id=alice, reason="privacy", comment="", now=now)
    for minute in range(5):
        send(alice, now + timedelta(minutes=minute))
    with pytest.raises(LimitReached) as reached:
        send(alice, now + timedelta(minutes=6))
    assert reached.value.retry_after == timedelta(minutes=54)
    assert codes_owed() == 5


def test_the_limit_of_an_account_survives_a_cancelled_request(now: datetime) -> None:
    alice = join(ALICE, now, is_welcomed=False)
    for minute in range(5):
        ask_to_leave(alice, ALICE, now + timedelta(minutes=minute))
        requests.cancel(account_id=alice, now=now)
    with pytest.raises(LimitReached):
        ask_to_leave(alice, ALICE, now + timedelta(minutes=6))


def test_twenty_codes_an_hour_for_a_network_address(now: datetime) -> None:
    people = [(join(f"bob{n}@example.org", now, is_welcomed=False), f"bob{n}@example.org") for n in range(7)]
    turns = [(now + timedelta(minutes=minute), *person) for minute in range(3) for person in people]
    for moment, account_id, address in turns[:20]:
        requests.open_request(account_id=account_id, reason="privacy", comment="", now=moment)
        send(account_id, moment, address=address)
    moment, account_id, address = turns[20]
    with pytest.raises(LimitReached):
        send(account_id, moment, address=address)
    assert codes_owed() == 20
    send(account_id, moment + timedelta(minutes=1), address=address, network_address="192.0.2.8")


def test_asking_anew_is_no_way_around_the_minute(now: datetime) -> None:
    alice = join(ALICE, now, is_welcomed=False)
    ask_to_leave(alice, ALICE, now)
    requests.cancel(account_id=alice, now=now)
    with pytest.raises(verification.ResendTooSoon):
        ask_to_leave(alice, ALICE, now + timedelta(seconds=30))
    assert codes_owed() == 1


def test_a_refusal_by_the_network_does_not_use_up_the_accounts_codes(now: datetime) -> None:
    people = [(join(f"bob{n}@example.org", now, is_welcomed=False), f"bob{n}@example.org") for n in range(20)]
    for account_id, address in people:
        requests.open_request(account_id=account_id, reason="privacy", comment="", now=now)
        send(account_id, now, address=address)
    alice = join(ALICE, now, is_welcomed=False)
    requests.open_request(account_id=alice, reason="privacy", comment="", now=now)
    for minute in range(6):
        with pytest.raises(LimitReached):
            send(alice, now + timedelta(minutes=minute))
    for minute in range(6, 11):
        send(alice, now + timedelta(minutes=minute), network_address="192.0.2.8")


def test_a_wrong_code_counts_and_says_what_is_left(now: datetime) -> None:
    alice = join(ALICE, now, is_welcomed=False)
    ask_to_leave(alice, ALICE, now)
    with pytest.raises(verification.WrongCode) as wrong:
        confirm(alice, "00000000", now)
    assert wrong.value.tries_left == 4
    sent = code_sent(account_id=alice, session_digest=SESSION, now=now)
    assert sent is not None
    assert sent.tries_left == 4


def test_five_wrong_codes_end_the_request_and_the_right_one_comes_too_late(now: datetime) -> None:
    alice = join(ALICE, now, is_welcomed=False)
    code = ask_to_leave(alice, ALICE, now)
    for _ in range(4):
        with pytest.raises(verification.WrongCode):
            confirm(alice, "00000000", now)
    with pytest.raises(verification.RequestEnded):
        confirm(alice, "00000000", now)
    with pytest.raises(requests.NoOpenRequest):
        confirm(alice, code, now)
    assert DeletionRequest.objects.get().state == RequestState.ENDED


def test_a_resend_does_not_give_the_tries_back(now: datetime) -> None:
    alice = join(ALICE, now, is_welcomed=False)
    ask_to_leave(alice, ALICE, now)
    with pytest.raises(verification.WrongCode):
        confirm(alice, "00000000", now)
    send(alice, now + timedelta(minutes=1))
    with pytest.raises(verification.WrongCode) as wrong:
        confirm(alice, "00000000", now + timedelta(minutes=1))
    assert wrong.value.tries_left == 3


def test_a_code_lives_ten_minutes(now: datetime) -> None:
    alice = join(ALICE, now, is_welcomed=False)
    code = ask_to_leave(alice, ALICE, now)
    with pytest.raises(verification.CodeExpired):
        confirm(alice, code, now + timedelta(minutes=10))
    assert Verification.objects.get().wrong_tries == 0
    confirm(alice, code, now + timedelta(minutes=10) - timedelta(seconds=1))


def test_a_code_works_in_its_own_session_only(now: datetime) -> None:
    alice = join(ALICE, now, is_welcomed=False)
    code = ask_to_leave(alice, ALICE, now)
    with pytest.raises(verification.CodeOfAnotherSession):
        confirm(alice, code, now, session="6" * 64)
    assert Verification.objects.get().wrong_tries == 0


def test_bobs_code_does_not_work_for_alice(now: datetime) -> None:
    alice, bob = join(ALICE, now, is_welcomed=False), join(BOB, now, is_welcomed=False)
    ask_to_leave(alice, ALICE, now)
    bobs_code = ask_to_leave(bob, BOB, now)
    with pytest.raises(verification.WrongCode):
        confirm(alice, bobs_code, now)


def test_every_box_has_to_be_ticked_and_no_try_is_used_up(now: datetime) -> None:
    alice = join(ALICE, now, is_welcomed=False)
    code = ask_to_leave(alice, ALICE, now)
    for missing in TEXTS:
        with pytest.raises(ConsentMissing) as refused:
            confirm(alice, code, now, consents=[text for text in TEXTS if text != missing])
        assert refused.value.missing == (missing,)
    assert Verification.objects.get().wrong_tries == 0


def test_what_the_person_owns_now_is_shown_before_the_code_counts(now: datetime) -> None:
    alice = join(ALICE, now, is_welcomed=False)
    bob = join(BOB, now)
    code = ask_to_leave(alice, ALICE, now)
    organization = organizations_of(account_id=bob)[0]
    OrganizationMembership.objects.create(
        organization_id=organization.id, account_id=alice, role="owner", joined_at=now
    )
    with pytest.raises(verification.OwnThingsChanged) as changed:
        confirm(alice, "00000000", now)
    assert [subject.name for subject in changed.value.new] == ["My organization"]
    assert Verification.objects.get().wrong_tries == 0
    confirm(alice, code, now)


def test_others_acts_do_not_void_a_code(now: datetime) -> None:
    alice = join(ALICE, now, is_welcomed=False)
    code = ask_to_leave(alice, ALICE, now)
    bob = join(BOB, now)
    settle(bob, now)
    confirm(alice, code, now)


def test_no_code_is_stored_anywhere(now: datetime) -> None:
    alice = join(ALICE, now, is_welcomed=False)
    code = ask_to_leave(alice, ALICE, now)
    rows = [
        *Verification.objects.values_list(),
        *Notice.objects.values_list(),
        *Activity.objects.values_list(),
    ]
    assert code not in repr(rows)
    assert current_code(alice) == code
