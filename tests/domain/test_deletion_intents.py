"""The ledger hears of a deletion before it happens and after it (Rule L1)."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from adieu.accounts.models import Account
from adieu.deletion import requests, verification
from adieu.deletion.intents import INTENT_LIVES, ConfirmationUnderWay, give_up, read_intent
from adieu.deletion.models import DeletionRequest, ErasureStep, RequestState, Verification
from adieu.identities.models import IdentityClaim
from adieu.kit.crashing import installed
from adieu.ledger.entries import Entry, Kind
from adieu.ledger.models import Mark
from adieu.ledger.opening import open_ledger
from adieu.ledger.places import installed_ledger
from adieu.ledger.stores import UnableToAppend
from adieu.ops.ledgers import catch_up
from adieu.tenancy import members
from adieu.tenancy.operations import create_organization
from tests.support.ledgers import hide_ledger, place_for_a_ledger, show_ledger
from tests.support.people import ask_to_leave, confirm, join, settle
from tests.support.rooms import make_organization, put_into

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

ALICE = "alice@example.org"


class CutOff(BaseException):
    """The process ends here, as if it were killed."""


@pytest.fixture(autouse=True)
def _ledger(tmp_path: Path, now: datetime) -> Iterator[None]:
    with place_for_a_ledger(tmp_path) as store:
        open_ledger(store=store, now=now)
        yield


@pytest.fixture
def alice(now: datetime) -> UUID:
    account_id = join(ALICE, now)
    settle(account_id, now)
    catch_up(now=now)
    return account_id


def lines() -> list[Entry]:
    """The lines about deletions."""
    about = {Kind.INTENT, Kind.CONFIRMED, Kind.ABORTED, Kind.UNSETTLED}
    return [entry for entry in installed_ledger().entries() if entry.kind in about]


def kinds() -> list[Kind]:
    return [entry.kind for entry in lines()]


def test_a_deletion_is_an_intent_and_its_confirmation(alice: UUID, now: datetime) -> None:
    key = IdentityClaim.objects.get(account_id=alice).key
    deletion_id = confirm(alice, ask_to_leave(alice, ALICE, now), now)
    intent, confirmed = lines()
    assert (intent.kind, confirmed.kind) == (Kind.INTENT, Kind.CONFIRMED)
    assert intent.body["deletion"] == str(deletion_id)
    assert intent.body["account"] == str(alice)
    assert intent.body["keys"] == [[key, 1, 1]]
    assert {name: value for name, value in confirmed.body.items() if name != "change"} == intent.body
    assert "alice" not in repr(lines())


def test_the_intent_is_there_before_anything_is_erased(alice: UUID, now: datetime) -> None:
    seen: list[list[Kind]] = []

    def look(name: str) -> None:
        if name == "crossing.locked":
            seen.append(kinds())

    with installed(look):
        confirm(alice, ask_to_leave(alice, ALICE, now), now)
    assert seen == [[Kind.INTENT]]


def test_a_wrong_code_is_nothing_the_ledger_hears_of(alice: UUID, now: datetime) -> None:
    code = ask_to_leave(alice, ALICE, now)
    with pytest.raises(verification.WrongCode):
        confirm(alice, "00000000" if code != "00000000" else "11111111", now)
    catch_up(now=now)
    assert kinds() == []
    assert Verification.objects.get().wrong_tries == 1


def test_a_blocker_is_nothing_the_ledger_hears_of(now: datetime) -> None:
    alice = join(ALICE, now, is_welcomed=False)
    code = ask_to_leave(alice, ALICE, now)
    create_organization(account_id=alice, name="Late", now=now)
    with pytest.raises(verification.OwnThingsChanged):
        confirm(alice, code, now)
    with pytest.raises(requests.DeletionBlocked):
        confirm(alice, code, now)
    assert kinds() == []


def test_what_comes_between_intent_and_deletion_aborts_it(alice: UUID, now: datetime) -> None:
    """Rule D6: the point of no return checks everything again."""
    code = ask_to_leave(alice, ALICE, now)

    def found(name: str) -> None:
        if name == "ledger.intent.written":
            create_organization(account_id=alice, name="In between", now=now)

    with installed(found), pytest.raises(verification.OwnThingsChanged):
        confirm(alice, code, now)
    catch_up(now=now)
    assert kinds() == [Kind.INTENT, Kind.ABORTED]
    assert Account.objects.filter(id=alice).exists()
    request = DeletionRequest.objects.get()
    assert (request.state, request.intent_fence) == (RequestState.OPEN, None)
    assert not ErasureStep.objects.exists()


def test_who_cancels_in_between_stays(alice: UUID, now: datetime) -> None:
    code = ask_to_leave(alice, ALICE, now)

    def cancel(name: str) -> None:
        if name == "ledger.intent.written":
            requests.cancel(account_id=alice, now=now)

    with installed(cancel), pytest.raises(requests.NoOpenRequest):
        confirm(alice, code, now)
    catch_up(now=now)
    assert kinds() == [Kind.INTENT, Kind.ABORTED]
    assert not DeletionRequest.objects.exists()
    assert Account.objects.filter(id=alice).exists()


def test_a_ledger_that_cannot_be_written_stops_the_deletion(alice: UUID, now: datetime) -> None:
    code = ask_to_leave(alice, ALICE, now)
    hide_ledger()
    with pytest.raises(UnableToAppend):
        confirm(alice, code, now)
    show_ledger()
    assert Account.objects.filter(id=alice).exists()
    assert Verification.objects.get().used_up_at is None
    # As soon as it can be written, the same code works.
    confirm(alice, code, now)
    assert not Account.objects.filter(id=alice).exists()


def test_a_confirmation_that_cannot_be_written_is_owed(alice: UUID, now: datetime) -> None:
    """The deletion stands, and the ledger gets its line later."""
    code = ask_to_leave(alice, ALICE, now)

    def lose(name: str) -> None:
        if name == "crossing.committed":
            hide_ledger()

    with installed(lose):
        confirm(alice, code, now)
    show_ledger()
    assert not Account.objects.filter(id=alice).exists()
    assert kinds() == [Kind.INTENT]
    catch_up(now=now)
    assert kinds() == [Kind.INTENT, Kind.CONFIRMED]


def test_of_two_confirmations_the_second_waits(alice: UUID, now: datetime) -> None:
    code = ask_to_leave(alice, ALICE, now)

    def again(name: str) -> None:
        if name == "intent.fenced":
            with pytest.raises(ConfirmationUnderWay):
                confirm(alice, code, now)

    with installed(again):
        confirm(alice, code, now)
    assert kinds() == [Kind.INTENT, Kind.CONFIRMED]


def test_a_confirmation_that_was_cut_off_gives_way_after_a_minute(alice: UUID, now: datetime) -> None:
    code = ask_to_leave(alice, ALICE, now)
    cut_off(alice, code, now)
    with pytest.raises(ConfirmationUnderWay):
        confirm(alice, code, now + INTENT_LIVES - timedelta(seconds=1))
    confirm(alice, code, now + INTENT_LIVES)
    catch_up(now=now + INTENT_LIVES)
    assert sorted(kinds()) == [Kind.ABORTED, Kind.CONFIRMED, Kind.INTENT, Kind.INTENT]


def cut_off(alice: UUID, code: str, now: datetime) -> None:
    """Confirm, in a process that is killed once the ledger has heard of it."""

    def end(name: str) -> None:
        if name == "ledger.intent.written":
            raise CutOff

    with installed(end), pytest.raises(CutOff):
        confirm(alice, code, now)
    assert DeletionRequest.objects.get().intent_fence


def test_a_start_settles_what_was_cut_off(alice: UUID, now: datetime) -> None:
    code = ask_to_leave(alice, ALICE, now)
    cut_off(alice, code, now)
    catch_up(now=now)
    assert kinds() == [Kind.INTENT]
    catch_up(now=now, is_start=True)
    assert kinds() == [Kind.INTENT, Kind.ABORTED]
    assert DeletionRequest.objects.get().intent_fence is None
    confirm(alice, code, now)


def test_a_worker_settles_it_when_it_is_old(alice: UUID, now: datetime) -> None:
    cut_off(alice, ask_to_leave(alice, ALICE, now), now)
    catch_up(now=now + INTENT_LIVES - timedelta(seconds=1))
    assert kinds() == [Kind.INTENT]
    catch_up(now=now + INTENT_LIVES)
    assert kinds() == [Kind.INTENT, Kind.ABORTED]


def end_by_wrong_codes(alice: UUID, code: str, now: datetime) -> None:
    wrong = "00000000" if code != "00000000" else "11111111"
    for _ in range(5):
        with pytest.raises((verification.WrongCode, verification.RequestEnded)):
            confirm(alice, wrong, now)
    assert DeletionRequest.objects.get().state == RequestState.ENDED


def test_a_request_that_ended_after_it_was_cut_off_is_no_riddle(alice: UUID, now: datetime) -> None:
    code = ask_to_leave(alice, ALICE, now)
    cut_off(alice, code, now)
    end_by_wrong_codes(alice, code, now)
    catch_up(now=now, is_start=True)
    assert kinds() == [Kind.INTENT, Kind.ABORTED]
    assert not Account.objects.get(id=alice).locked_at


def test_neither_is_one_that_went_with_a_later_deletion(alice: UUID, now: datetime) -> None:
    code = ask_to_leave(alice, ALICE, now)
    cut_off(alice, code, now)
    end_by_wrong_codes(alice, code, now)
    later = now + timedelta(minutes=2)
    confirm(alice, ask_to_leave(alice, ALICE, later), later)
    catch_up(now=later, is_start=True)
    assert kinds() == [Kind.INTENT, Kind.INTENT, Kind.CONFIRMED, Kind.ABORTED]


def test_a_request_that_is_swept_takes_its_intent_along(alice: UUID, now: datetime) -> None:
    cut_off(alice, ask_to_leave(alice, ALICE, now), now)
    assert requests.sweep(now=now + timedelta(days=2)) == 1
    catch_up(now=now, is_start=True)
    assert kinds() == [Kind.INTENT, Kind.ABORTED]
    assert not Account.objects.get(id=alice).locked_at


def test_a_line_that_comes_after_its_end_is_ended_again(alice: UUID, now: datetime) -> None:
    """A process stalls before it tells the ledger, and meanwhile another one gave its intent up."""
    code = ask_to_leave(alice, ALICE, now)

    def overtake(name: str) -> None:
        if name == "intent.fenced":
            requests.cancel(account_id=alice, now=now)
            catch_up(now=now)

    with installed(overtake), pytest.raises(requests.NoOpenRequest):
        confirm(alice, code, now)
    assert kinds() == [Kind.ABORTED, Kind.INTENT]
    catch_up(now=now + INTENT_LIVES)
    catch_up(now=now + INTENT_LIVES)
    assert kinds() == [Kind.ABORTED, Kind.INTENT, Kind.ABORTED]
    assert Mark.objects.get().number == installed_ledger().head().number
    assert not Account.objects.get(id=alice).locked_at


def test_who_lost_the_fence_does_not_pass(alice: UUID, now: datetime) -> None:
    """A process stalls before the point of no return, and meanwhile a start gave its intent up."""
    code = ask_to_leave(alice, ALICE, now)

    def settle_meanwhile(name: str) -> None:
        if name == "ledger.intent.written":
            assert give_up(read_intent(lines()[-1].body), now=now)

    with installed(settle_meanwhile), pytest.raises(ConfirmationUnderWay):
        confirm(alice, code, now)
    catch_up(now=now)
    assert kinds() == [Kind.INTENT, Kind.ABORTED]
    assert Account.objects.filter(id=alice).exists()


def test_wrong_codes_in_between_end_the_request_and_lock_nobody(alice: UUID, now: datetime) -> None:
    code = ask_to_leave(alice, ALICE, now)
    wrong = "00000000" if code != "00000000" else "11111111"

    def mistype(name: str) -> None:
        if name == "ledger.intent.written":
            for _ in range(verification.MOST_TRIES):
                with pytest.raises((verification.WrongCode, verification.RequestEnded)):
                    confirm(alice, wrong, now)

    with installed(mistype), pytest.raises(requests.NoOpenRequest):
        confirm(alice, code, now)
    catch_up(now=now, is_start=True)
    assert kinds() == [Kind.INTENT, Kind.ABORTED]
    request = DeletionRequest.objects.get()
    assert (request.state, request.intent_fence) == (RequestState.ENDED, None)
    assert not Account.objects.get(id=alice).locked_at


def test_what_was_handed_over_a_moment_before_is_told_first(now: datetime) -> None:
    alice, bob = join(ALICE, now, is_welcomed=False), join("bob@example.org", now, is_welcomed=False)
    office = make_organization(alice, now)
    put_into(office, bob, now)
    members.hand_over(organization_id=office, account_id=alice, member_id=bob, now=now)
    confirm(alice, ask_to_leave(alice, ALICE, now), now)
    told = [entry.kind for entry in installed_ledger().entries()]
    assert told[-4:] == [Kind.OWNER_MADE, Kind.OWNER_UNMADE, Kind.INTENT, Kind.CONFIRMED]
