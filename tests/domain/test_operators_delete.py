"""The pages by which an operator deletes somebody's account on their request (Rules D1, D12)."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client
from django.utils import timezone
from time_machine import travel

from adieu.accounts import operators
from adieu.accounts.models import Account
from adieu.activities.models import OperatorAct
from adieu.deletion import requests
from adieu.deletion.models import DeletionRequest
from adieu.kit.crashing import installed
from adieu.ledger.entries import Kind
from adieu.ledger.opening import open_ledger
from adieu.ledger.places import installed_ledger
from adieu.ops import vaults
from adieu.ops.ledgers import catch_up
from adieu.tenancy import api_keys
from adieu.tenancy.models import Organization, OrganizationMembership, Role
from tests.support.ledgers import hide_ledger, place_for_a_ledger, show_ledger
from tests.support.people import join
from tests.support.rooms import make_organization, put_into
from tests.support.visitors import Visitor, enter, found

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

ALICE, CHARLIE = "alice@example.org", "charlie@example.org"
FIND = "/operators/accounts/"
ELEVEN = timedelta(minutes=11)


@pytest.fixture(autouse=True)
def _ledger(tmp_path: Path) -> Iterator[None]:
    vaults.pair()
    with place_for_a_ledger(tmp_path) as store:
        open_ledger(store=store, now=timezone.now())
        yield


@pytest.fixture
def bob() -> Visitor:
    """An operator."""
    bob = enter("bob")
    operators.add(address=bob.address, now=timezone.now())
    return bob


@pytest.fixture
def alice() -> UUID:
    return join(ALICE, timezone.now(), is_welcomed=False)


@pytest.fixture
def office(alice: UUID, bob: Visitor) -> UUID:
    """Alice's alone, with Bob as a member."""
    office = make_organization(alice, timezone.now(), name="Lighthouse")
    put_into(office, bob.account_id, timezone.now())
    return office


def page_of(account_id: UUID) -> str:
    return f"/operators/accounts/{account_id}/delete/"


def is_there(account_id: UUID) -> bool:
    return Account.objects.filter(id=account_id).exists()


def said(answer: object) -> str:
    text: str = answer.content.decode()  # type: ignore[attr-defined]
    return text


def nothing_happened(account_id: UUID) -> bool:
    acts = OperatorAct.objects.exclude(kind="operator.added")
    return is_there(account_id) and not acts.exists() and not DeletionRequest.objects.exists()


def test_an_operator_finds_an_account_and_deletes_it(bob: Visitor, alice: UUID) -> None:
    answer = bob.post(FIND, email="Alice@EXAMPLE.org")
    assert (answer.status_code, answer["Location"]) == (302, page_of(alice))
    shown = bob.shown(page_of(alice))
    assert ALICE in shown
    assert "What is in the way" not in shown
    answer = bob.post(page_of(alice), reason="asked", email=ALICE)
    assert (answer.status_code, answer["Location"]) == (302, "/operators/")
    assert not is_there(alice)
    act = OperatorAct.objects.get(kind="account.deleted")
    request = DeletionRequest.objects.get()
    assert (act.actor_id, act.subject_id) == (bob.account_id, str(request.id))
    assert request.is_by_operator
    shown = bob.shown("/operators/")
    assert str(request.id) in shown
    assert "alice" not in shown
    assert bob.get(page_of(alice)).status_code == 404


@pytest.mark.parametrize("typed", ["nobody@example.org", "alice at example", ""])
def test_a_mistyped_address_finds_nobody(bob: Visitor, alice: UUID, typed: str) -> None:
    answer = bob.post(FIND, email=typed)
    assert answer.status_code == 422
    assert nothing_happened(alice)


def test_the_wrong_account_is_not_deleted(bob: Visitor, alice: UUID) -> None:
    """The id leads to Charlie; the address that is typed is Alice's."""
    charlie = join(CHARLIE, timezone.now())
    answer = bob.post(page_of(charlie), reason="asked", email=ALICE, settlement="delete")
    assert answer.status_code == 422
    assert "This is not an address of that account." in said(answer)
    assert bob.post(page_of(alice), reason="asked", email="").status_code == 422
    assert bob.post(page_of(alice), reason="because", email=ALICE).status_code == 422
    assert bob.post(page_of(alice), email=ALICE).status_code == 422
    assert bob.get(page_of(uuid4())).status_code == 404
    assert bob.post(page_of(uuid4()), reason="asked", email=ALICE).status_code == 404
    assert nothing_happened(alice)
    assert is_there(charlie)


def test_ones_own_account_goes_in_account_settings(bob: Visitor) -> None:
    organization = Organization.objects.get()
    answer = bob.post(
        page_of(bob.account_id),
        reason="asked",
        email=bob.address,
        settlement="delete",
        seen=str(organization.id),
    )
    assert answer.status_code == 422
    assert "This is your own account." in said(answer)
    assert nothing_happened(bob.account_id)


def test_what_a_restore_left_open_is_said_and_not_deleted(bob: Visitor, alice: UUID) -> None:
    now = timezone.now()
    body = {"deletion": str(uuid4()), "account": str(alice), "fence": str(uuid4()), "keys": []}
    installed_ledger().append(kind=Kind.INTENT, body=body, now=now)
    catch_up(now=now, is_start=True)
    answer = bob.post(page_of(alice), reason="asked", email=ALICE, settlement="delete")
    assert answer.status_code == 422
    assert "A restore left open whether this account was deleted." in said(answer)
    assert nothing_happened(alice)


def test_to_everybody_else_there_is_nothing(bob: Visitor, alice: UUID) -> None:
    charlie, guest = enter("charlie"), Client()
    fields = {"reason": "asked", "email": ALICE}
    for page in (FIND, page_of(alice)):
        assert {charlie.get(page).status_code, charlie.post(page, **fields).status_code} == {404}
        assert guest.post(page, fields)["Location"].startswith("/accounts/login/")
    key = api_keys.create(
        account_id=bob.account_id,
        organization_id=found(bob),
        name="CI",
        expires_at=None,
        now=timezone.now(),
    )
    answer = Client().post(page_of(alice), fields, headers={"Authorization": f"Bearer {key.secret}"})
    assert answer.status_code == 302
    operators.remove(address=bob.address, now=timezone.now())
    assert bob.post(page_of(alice), **fields).status_code == 404
    assert is_there(alice)


def test_who_proved_who_they_are_too_long_ago_does_so_again(bob: Visitor, alice: UUID) -> None:
    with travel(timezone.now() + ELEVEN):
        for page in (FIND, page_of(alice)):
            for answer in (bob.get(page), bob.post(page, reason="asked", email=ALICE)):
                assert answer["Location"].startswith("/accounts/reauthenticate/?next=%2Foperators")
    assert nothing_happened(alice)


def test_nothing_is_deleted_by_looking(bob: Visitor, alice: UUID) -> None:
    bob.get(page_of(alice), reason="asked", email=ALICE)
    assert nothing_happened(alice)


def test_what_is_in_the_way_needs_a_decision(bob: Visitor, alice: UUID, office: UUID) -> None:
    shown = bob.shown(page_of(alice))
    assert "Lighthouse" in shown
    assert str(office) in shown
    fields = {"reason": "asked", "email": ALICE, "seen": str(office)}
    for mistake in (
        {},
        {"settlement": "keep"},
        {"settlement": "hand_over"},
        {"settlement": "hand_over", "heir": "nobody@example.org"},
        {"settlement": "hand_over", "heir": "no address"},
        {"settlement": "hand_over", "heir": ALICE},
    ):
        assert bob.post(page_of(alice), **fields, **mistake).status_code == 422, mistake
    assert nothing_happened(alice)


@pytest.mark.parametrize("settlement", ["hand_over", "delete"])
def test_what_is_in_the_way_is_settled(bob: Visitor, alice: UUID, office: UUID, settlement: str) -> None:
    fields = {"reason": "law", "email": ALICE, "seen": str(office), "settlement": settlement}
    answer = bob.post(page_of(alice), heir=bob.address, **fields)
    assert answer.status_code == 302
    assert not is_there(alice)
    owners = OrganizationMembership.objects.filter(organization_id=office, role=Role.OWNER)
    assert [owner.account_id for owner in owners] == [bob.account_id] * (settlement == "hand_over")
    assert OperatorAct.objects.filter(actor_id=bob.account_id, reason="law").count() == 2


def test_what_was_founded_meanwhile_is_shown_first(bob: Visitor, alice: UUID, office: UUID) -> None:
    seen = re.search(r'name="seen" value="([^"]*)"', bob.shown(page_of(alice)))
    assert seen
    make_organization(alice, timezone.now(), name="Founded a moment ago")
    answer = bob.post(page_of(alice), reason="asked", email=ALICE, settlement="delete", seen=seen[1])
    assert answer.status_code == 409
    assert "What is in the way has changed." in said(answer)
    assert "Founded a moment ago" in said(answer)
    assert Organization.objects.filter(memberships__account_id=alice).count() == 2
    assert nothing_happened(alice)


def test_while_its_person_confirms_the_operator_waits(bob: Visitor, alice: UUID) -> None:
    answers: list[Any] = []

    def try_too(point: str) -> None:
        if point == "intent.fenced" and not answers:
            answers.append(None)
            answers.append(bob.post(page_of(alice), reason="asked", email=ALICE))
            requests.cancel(account_id=alice, now=timezone.now())

    with installed(try_too):
        bob.post(page_of(alice), reason="asked", email=ALICE)
    assert answers[1].status_code == 409
    assert "Wait a minute, then look again." in said(answers[1])
    assert is_there(alice)


def test_while_the_ledger_is_away_nothing_is_deleted(bob: Visitor, alice: UUID) -> None:
    hide_ledger()
    answer = bob.post(page_of(alice), reason="asked", email=ALICE)
    show_ledger()
    assert (answer.status_code, answer["Retry-After"]) == (503, "60")
    assert "the list of deletions cannot be written" in said(answer)
    assert nothing_happened(alice)
