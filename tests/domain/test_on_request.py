"""An operator deletes an account on its person's request, by the same way as anybody (Rule D12)."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.apps import apps
from django.core import mail

from adieu.accounts import operators
from adieu.accounts.models import Account
from adieu.activities.kinds import Kind as ActivityKind
from adieu.activities.kinds import OperatorReason
from adieu.activities.models import Activity, OperatorAct
from adieu.core.keeping import Override
from adieu.core.receipts import verify
from adieu.deletion import requests
from adieu.deletion.intents import INTENT_LIVES, ConfirmationUnderWay
from adieu.deletion.models import Consent, DeletionRequest, ErasureStep, ReasonCount, RequestState
from adieu.deletion.numbers import numbers
from adieu.deletion.on_request import (
    AccountUnsettled,
    HeirIsLeaver,
    HeirUnsettled,
    NotTheirAddress,
    Order,
    OwnAccount,
    delete_on_request,
)
from adieu.deletion.queries import last_request
from adieu.deletion.receipts import published_keys, receipt_file
from adieu.deletion.unsettled import settle as settle_intent
from adieu.deletion.unsettled import unsettled_deletions
from adieu.identities.queries import ClaimStatus, key_for, status_of
from adieu.kit.crashing import installed
from adieu.ledger.entries import Kind
from adieu.ledger.opening import open_ledger
from adieu.ledger.places import installed_ledger
from adieu.ops import vaults
from adieu.ops.ledgers import catch_up
from adieu.tenancy import ownership
from adieu.tenancy.models import Organization, OrganizationMembership, Role
from adieu.vault.models import Comment
from tests.support.ledgers import place_for_a_ledger
from tests.support.people import ask_to_leave, confirm, join, leave, settle, work
from tests.support.rooms import make_organization, put_into

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

ALICE, BOB, CHARLIE = "alice@example.org", "bob@example.org", "charlie@example.org"
ASKED = OperatorReason.ASKED


@pytest.fixture(autouse=True)
def _ledger(tmp_path: Path, now: datetime) -> Iterator[None]:
    vaults.pair()
    with place_for_a_ledger(tmp_path) as store:
        open_ledger(store=store, now=now)
        yield


@pytest.fixture
def bob(now: datetime) -> UUID:
    """A member of what is Alice's; an operator."""
    bob = join(BOB, now, is_welcomed=False)
    operators.add(address=BOB, now=now)
    return bob


@pytest.fixture
def alice(now: datetime) -> UUID:
    """Somebody in whose way nothing is."""
    return join(ALICE, now, is_welcomed=False)


@pytest.fixture
def office(alice: UUID, bob: UUID, now: datetime) -> UUID:
    """An organization that Alice alone owns and that Bob is a member of."""
    office = make_organization(alice, now)
    put_into(office, bob, now)
    return office


def order(account_id: UUID, **changed: Any) -> Order:
    return Order(**{"account_id": account_id, "address": ALICE, "reason": ASKED, **changed})


def handing_to(heir_id: UUID, actor_id: UUID | None = None) -> Override:
    return Override(ASKED, actor_id, heir_id)


DELETING = Override(ASKED, None)


def everything() -> dict[str, list[str]]:
    """Read the main database, but for what says when somebody tried."""
    fleeting = {"kit.CacheEntry", "ledger.Change", "ledger.Mark"}
    return {
        model._meta.label: sorted(map(repr, model._default_manager.values()))
        for model in apps.get_models()
        if model._meta.label not in fleeting and not model._meta.label.startswith("vault.")
    }


def acts() -> list[tuple[str, str, str, UUID | None]]:
    listed = OperatorAct.objects.exclude(kind__startswith="operator.").order_by("kind", "subject_id")
    return list(listed.values_list("kind", "reason", "subject_id", "actor_id"))


def lines() -> list[str]:
    return [str(entry.kind) for entry in installed_ledger().entries()][1:]


def steps(deletion_id: UUID) -> list[tuple[str, str]]:
    return sorted(ErasureStep.objects.filter(request_id=deletion_id).values_list("keeper", "name"))


def test_it_goes_the_same_way_and_is_recorded(alice: UUID, bob: UUID, now: datetime) -> None:
    """Charlie leaves by himself, so that the two can be held against each other."""
    charlie = join(CHARLIE, now)
    by_himself = leave(charlie, CHARLIE, now)
    deletion_id = delete_on_request(order(alice, actor_id=bob, reason=OperatorReason.LAW), now=now)
    assert not Account.objects.filter(id=alice).exists()
    assert status_of(kind="email", identifier=ALICE) == ClaimStatus.RETIRED
    assert steps(deletion_id) == steps(by_himself)
    assert acts() == [("account.deleted", "law", str(deletion_id), bob)]
    request = DeletionRequest.objects.get(id=deletion_id)
    assert (request.state, request.is_by_operator, request.opened_at) == (RequestState.ERASING, True, now)
    assert not Consent.objects.filter(request=request).exists()
    # Charlie gave a reason; Alice was not asked.
    assert ReasonCount.objects.get().count == 1
    assert Account.objects.filter(id=bob).exists()


@pytest.mark.usefixtures("bob")
def test_its_person_is_told_and_the_receipt_says_who_did_it(alice: UUID, now: datetime) -> None:
    deletion_id = delete_on_request(order(alice), now=now)
    work(now)
    [told] = [message for message in mail.outbox if message.to == [ALICE]]
    assert told.subject == "Your account has been deleted"
    assert "The people who run this console deleted it." in str(told.body)
    file = receipt_file(deletion_id=deletion_id)
    assert file
    says = verify(file, keys=published_keys()).says
    assert (says["confirmed_by"], says["consents"]) == ("operator", [])
    # Nobody was asked for a reason, so none is counted.
    assert not [staying for staying in says["stays"] if "reason for leaving" in staying["what"]]
    assert acts() == [("account.deleted", "asked", str(deletion_id), None)]


def test_who_leaves_by_themselves_has_that_on_the_receipt(alice: UUID, now: datetime) -> None:
    deletion_id = leave(alice, ALICE, now)
    work(now)
    file = receipt_file(deletion_id=deletion_id)
    assert file
    assert verify(file, keys=published_keys()).says["confirmed_by"] == "person"


def test_what_is_in_the_way_is_refused_and_nothing_changes(
    alice: UUID, bob: UUID, office: UUID, now: datetime
) -> None:
    before = everything()
    with pytest.raises(requests.DeletionBlocked) as blocked:
        delete_on_request(order(alice, actor_id=bob), now=now)
    [blocker] = blocked.value.blockers
    assert (blocker.subject.id, blocker.subject.name) == (str(office), "Office")
    assert everything() == before
    assert lines() == []


@pytest.mark.parametrize("is_member", [True, False])
def test_it_is_handed_over_in_the_same_transaction(
    alice: UUID, bob: UUID, office: UUID, now: datetime, *, is_member: bool
) -> None:
    heir = bob if is_member else join(CHARLIE, now, is_welcomed=False)
    catch_up(now=now)
    deletion_id = delete_on_request(
        order(alice, actor_id=bob, override=handing_to(heir, actor_id=bob)), now=now
    )
    owners = OrganizationMembership.objects.filter(organization_id=office, role=Role.OWNER)
    assert [owner.account_id for owner in owners] == [heir]
    assert Organization.objects.get().owner_count == 1
    assert acts() == [
        ("account.deleted", "asked", str(deletion_id), bob),
        ("organization.handed_over", "asked", str(office), bob),
    ]
    # The organization hears of it, and not which operator it was.
    recorded = Activity.objects.get(kind=ActivityKind.OWNERSHIP_HANDED_OVER)
    assert (recorded.actor_id, recorded.subject_id) == (None, str(heir))
    # A restore hands over before it erases again (Rule L2).
    assert lines() == ["intent", "owner_made", "confirmed"]
    work(now)
    assert ("You are owner of “Office”", [BOB if is_member else CHARLIE]) in [
        (message.subject, message.to) for message in mail.outbox
    ]


def test_it_is_deleted_and_its_members_are_told(alice: UUID, bob: UUID, office: UUID, now: datetime) -> None:
    shared = make_organization(bob, now, name="Shared")
    put_into(shared, alice, now, role=Role.OWNER)
    catch_up(now=now)
    told_so_far = len(lines())
    deletion_id = delete_on_request(order(alice, override=DELETING), now=now)
    # Only what would have lost its only owner.
    assert [each.name for each in Organization.objects.all()] == ["Shared"]
    assert acts() == [
        ("account.deleted", "asked", str(deletion_id), None),
        ("organization.deleted", "asked", str(office), None),
    ]
    assert lines()[told_so_far:] == ["intent", "organization_deleted", "confirmed"]
    work(now)
    [told] = [message for message in mail.outbox if message.to == [BOB]]
    assert told.subject == "“Office” was deleted"
    assert "The people who run this console deleted the organization" in str(told.body)
    file = receipt_file(deletion_id=deletion_id)
    assert file
    erased = verify(file, keys=published_keys()).says["erased"]
    assert {"one": "organization that was yours alone", "count": 1}.items() <= erased[-1].items()


@pytest.mark.usefixtures("office")
def test_a_decision_that_is_not_needed_settles_nothing(alice: UUID, bob: UUID, now: datetime) -> None:
    operators.add(address=ALICE, now=now)
    delete_on_request(order(bob, address=BOB, actor_id=alice, override=DELETING), now=now)
    assert [each.name for each in Organization.objects.all()] == ["Office"]
    assert [kind for kind, *_ in acts()] == ["account.deleted"]


def refusals(alice: UUID, bob: UUID) -> list[tuple[Order, type[Exception]]]:
    nobody = uuid4()
    return [
        (order(alice, address=BOB), NotTheirAddress),
        (order(alice, address="alice at example"), NotTheirAddress),
        (order(nobody), NotTheirAddress),
        (order(bob, override=DELETING), NotTheirAddress),
        (order(bob, address=BOB, actor_id=bob), OwnAccount),
        (order(alice, override=handing_to(alice)), HeirIsLeaver),
        (order(alice, override=DELETING, seen=frozenset()), requests.DeletionBlocked),
    ]


@pytest.mark.usefixtures("office")
@pytest.mark.parametrize("number", range(7))
def test_a_mistake_of_an_operator_changes_nothing(alice: UUID, bob: UUID, now: datetime, number: int) -> None:
    wrong, refusal = refusals(alice, bob)[number]
    before = everything()
    with pytest.raises(refusal):
        delete_on_request(wrong, now=now)
    assert everything() == before
    assert "intent" not in lines()


@pytest.mark.usefixtures("office")
def test_an_heir_who_is_gone_or_has_no_room_is_refused(
    alice: UUID, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was announced is taken back, in the ledger, too."""
    charlie = join(CHARLIE, now, is_welcomed=False)
    gone = join("charlie.gone@example.org", now, is_welcomed=False)
    leave(gone, "charlie.gone@example.org", now)
    before = everything()
    with pytest.raises(ownership.AccountNotFound):
        delete_on_request(order(alice, override=handing_to(gone)), now=now)
    assert everything() == before
    monkeypatch.setattr(ownership, "MOST_MEMBERS", 2)
    with pytest.raises(ownership.TooManyMembers):
        delete_on_request(order(alice, override=handing_to(charlie)), now=now)
    assert everything() == before
    catch_up(now=now)
    assert lines()[-2:] == ["intent", "aborted"]
    assert Account.objects.filter(id=alice).exists()


@pytest.mark.usefixtures("office")
def test_what_was_founded_after_the_look_is_not_touched(alice: UUID, now: datetime) -> None:
    seen = frozenset({str(Organization.objects.get().id)})
    make_organization(alice, now, name="Founded a moment ago")
    before = everything()
    with pytest.raises(requests.DeletionBlocked) as blocked:
        delete_on_request(order(alice, override=DELETING, seen=seen), now=now)
    assert len(blocked.value.blockers) == 2
    assert everything() == before


def test_a_wish_to_leave_is_taken_over(alice: UUID, now: datetime) -> None:
    """The reason is counted, the comment is parted, and the code is worth nothing any more."""
    code = ask_to_leave(alice, ALICE, now, comment="a comment")
    wish = DeletionRequest.objects.get()
    deletion_id = delete_on_request(order(alice), now=now)
    assert deletion_id == wish.id
    assert ReasonCount.objects.get().reason == "privacy"
    assert not Consent.objects.exists()
    with pytest.raises(requests.NoOpenRequest):
        confirm(alice, code, now)
    work(now)
    assert Comment.objects.get().request_id is None


@pytest.mark.usefixtures("office")
def test_a_refusal_leaves_a_wish_to_leave_as_it_was(alice: UUID, bob: UUID, now: datetime) -> None:
    """Alice can still go by herself, and the receipt says that it was she."""
    put_into(office_of(alice), join(CHARLIE, now, is_welcomed=False), now, role=Role.OWNER)
    ask_to_leave(alice, ALICE, now)
    make_organization(alice, now, name="Later")
    before = everything()
    with pytest.raises(requests.DeletionBlocked):
        delete_on_request(order(alice, actor_id=bob), now=now)
    gone = uuid4()
    with pytest.raises(ownership.AccountNotFound):
        delete_on_request(order(alice, override=handing_to(gone)), now=now)
    after = everything()
    # That it was counted what there is, is all that is left of the second.
    assert {label for label in before if before[label] != after[label]} <= {"deletion.DeletionRequest"}
    later = now + INTENT_LIVES
    settle(alice, later)
    deletion_id = confirm(alice, ask_to_leave(alice, ALICE, later), later)
    assert not DeletionRequest.objects.get(id=deletion_id).is_by_operator
    assert acts() == []


def office_of(account_id: UUID) -> UUID:
    return Organization.objects.get(memberships__account_id=account_id).id


def at(point: str, act: Callable[[], object]) -> Callable[[str], None]:
    """Do something once, when a point is passed."""
    done: list[str] = []

    def pass_by(name: str) -> None:
        if name == point and not done:
            done.append(name)
            act()

    return pass_by


def test_while_an_operator_confirms_its_person_is_asked_to_wait(alice: UUID, now: datetime) -> None:
    code = ask_to_leave(alice, ALICE, now)
    refused: list[type[Exception]] = []

    def try_too() -> None:
        for attempt in (
            partial(confirm, alice, code, now),
            partial(delete_on_request, order(alice), now=now),
        ):
            with pytest.raises(ConfirmationUnderWay) as met:
                attempt()
            refused.append(met.type)

    with installed(at("intent.fenced", try_too)):
        delete_on_request(order(alice), now=now)
    assert len(refused) == 2
    assert not Account.objects.filter(id=alice).exists()
    assert [kind for kind, *_ in acts()] == ["account.deleted"]


def test_who_keeps_the_account_at_this_moment_keeps_it(alice: UUID, now: datetime) -> None:
    ask_to_leave(alice, ALICE, now)
    keep = partial(requests.cancel, account_id=alice, now=now)
    with installed(at("ledger.intent.written", keep)), pytest.raises(ConfirmationUnderWay):
        delete_on_request(order(alice), now=now)
    assert Account.objects.filter(id=alice).exists()
    assert not DeletionRequest.objects.exists()
    assert acts() == []
    catch_up(now=now)
    assert lines()[-2:] == ["intent", "aborted"]


def test_what_an_operator_began_is_no_wish_of_its_person(alice: UUID, now: datetime) -> None:
    """Alice looks in between: she has asked for nothing; then she asks, and that stays hers."""
    looked: list[object] = []

    def look_and_ask() -> None:
        looked.append(last_request(account_id=alice))
        requests.open_request(account_id=alice, reason="privacy", comment="", now=now)
        raise OSError

    with installed(at("intent.fenced", look_and_ask)), pytest.raises(OSError, match=r"^$"):
        delete_on_request(order(alice), now=now)
    assert looked == [None]
    later = now + INTENT_LIVES
    deletion_id = confirm(alice, ask_to_leave(alice, ALICE, later), later)
    request = DeletionRequest.objects.get(id=deletion_id)
    assert (request.is_by_operator, ReasonCount.objects.get().reason) == (False, "privacy")


def test_one_that_was_cut_off_is_settled_at_the_start_and_leaves_nothing(alice: UUID, now: datetime) -> None:
    before = everything()

    class Killed(BaseException):
        """As if the process had ended."""

    def end(name: str) -> None:
        # Neither the deletion nor the taking back of what was announced.
        if name in {"ledger.intent.written", "intent.given_up"} or name.startswith("crossing."):
            raise Killed

    with installed(end), pytest.raises(Killed):
        delete_on_request(order(alice), now=now)
    catch_up(now=now, is_start=True)
    assert everything() == before
    assert lines()[-2:] == ["intent", "aborted"]


def test_a_restore_erases_again_and_knows_who_it_was(alice: UUID, now: datetime) -> None:
    keys = [["0" * 64, 1, 1]]
    body = {"deletion": str(uuid4()), "account": str(alice), "fence": str(uuid4()), "keys": keys}
    line = {"change": str(uuid4()), "by_operator": True, **body}
    installed_ledger().append(kind=Kind.CONFIRMED, body=line, now=now)
    catch_up(now=now, is_start=True)
    request = DeletionRequest.objects.get()
    assert (request.is_by_operator, request.former_account_id) == (True, alice)


def leave_open(account_id: UUID, address: str, now: datetime) -> None:
    """Let a restore not know whether this account was deleted."""
    keys = [[key_for(kind="email", identifier=address), 1, 1]]
    body = {"deletion": str(uuid4()), "account": str(account_id), "fence": str(uuid4()), "keys": keys}
    installed_ledger().append(kind=Kind.INTENT, body=body, now=now)
    catch_up(now=now, is_start=True)


@pytest.mark.parametrize(("unsettled", "refusal"), [("alice", AccountUnsettled), ("bob", HeirUnsettled)])
@pytest.mark.usefixtures("office")
def test_what_a_restore_left_open_is_settled_first(
    alice: UUID, bob: UUID, now: datetime, unsettled: str, refusal: type[Exception]
) -> None:
    """Else the word about the first deletion would free the address that the second one retired (Rule L2)."""
    leave_open(*{"alice": (alice, ALICE), "bob": (bob, BOB)}[unsettled], now)
    before = acts()
    handed = order(alice, override=handing_to(bob))
    with pytest.raises(refusal):
        delete_on_request(handed, now=now)
    assert Account.objects.filter(id=alice).exists()
    assert not DeletionRequest.objects.exists()
    assert acts() == before
    [(deletion_id, _)] = unsettled_deletions()
    settle_intent(deletion_id=deletion_id, was_erased=False, now=now)
    delete_on_request(handed, now=now)
    assert not Account.objects.filter(id=alice).exists()


def test_the_numbers_count_it_as_any_other(alice: UUID, now: datetime) -> None:
    later = now + timedelta(minutes=5)
    none = numbers(now=later)
    delete_on_request(order(alice), now=now)
    by_operator = numbers(now=later)
    work(now)
    assert numbers(now=later).deletions == {**none.deletions, "completed": 1}
    leave(join(BOB, now), BOB, now)
    by_himself = numbers(now=later)
    assert by_himself.deletions == {**by_operator.deletions, "completed": 1}
    assert (by_himself.steps, by_himself.oldest) == (by_operator.steps, by_operator.oldest)
