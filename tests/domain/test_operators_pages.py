"""The pages for operators: nobody else finds them, and they tell nothing of anybody (Rules D8, D12)."""

import re
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.test import Client
from django.utils import timezone

from adieu.accounts import operators
from adieu.deletion.models import ErasureStep, StepState
from adieu.tenancy import api_keys
from tests.support.people import join, leave, work
from tests.support.trouble import STEP, trouble, work_through
from tests.support.visitors import Visitor, enter, found

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

ALICE, CHARLIE = "alice.gone@example.org", "charlie@example.org"
PAGES = ("/operators/", "/operators/log/")


@pytest.fixture
def bob() -> Visitor:
    """An operator."""
    bob = enter("bob")
    operators.add(address=bob.address, now=timezone.now())
    return bob


def stuck_deletion() -> UUID:
    """Let Alice leave five hours ago, with a step that is stuck since."""
    then = timezone.now() - timedelta(hours=5)
    deletion_id = leave(join(ALICE, then), ALICE, then)
    with trouble("alice.gone@example.org could not be cut"):
        work_through(then, timedelta(hours=4))
    return deletion_id


@pytest.mark.parametrize("page", [*PAGES, f"/operators/stuck/{uuid4()}/retry/"])
def test_to_everybody_else_there_is_nothing(bob: Visitor, page: str) -> None:
    """Bob is an operator; Charlie, and Bob once he is none, read what is read at an address of nothing."""
    charlie = enter("charlie")
    nothing = charlie.get("/operators/nothing/").content
    assert "retry" in page or bob.get(page).status_code == 200
    operators.remove(address=bob.address, now=timezone.now())
    for person in (bob, charlie):
        answers = [person.get(page), person.post(page)]
        assert {answer.status_code for answer in answers} <= {404, 405}
        assert answers[0].status_code == 404
    assert _without_tokens(charlie.get(page).content) == _without_tokens(nothing)


def test_a_guest_is_asked_to_sign_in_whoever_they_are() -> None:
    for page in PAGES:
        answer = Client().get(page)
        assert (answer.status_code, answer["Location"]) == (302, f"/accounts/login/?next={page}")


def test_an_api_key_opens_nothing(bob: Visitor) -> None:
    organization = found(bob)
    key = api_keys.create(
        account_id=bob.account_id,
        organization_id=organization,
        name="CI",
        expires_at=None,
        now=timezone.now(),
    )
    for page in PAGES:
        answer = Client().get(page, headers={"Authorization": f"Bearer {key.secret}"})
        assert answer.status_code == 302


def test_the_menu_leads_there_for_operators_only(bob: Visitor) -> None:
    assert 'href="/operators/"' in bob.shown("/")
    assert "/operators/" not in enter("charlie").shown("/")


def test_a_stuck_deletion_is_shown_without_its_person_and_tried_again(bob: Visitor) -> None:
    deletion_id = stuck_deletion()
    shown = bob.shown("/operators/")
    assert str(deletion_id) in shown
    assert STEP in shown
    assert "Broken" in shown
    assert "Longer than promised" in shown
    assert "alice" not in shown
    step = ErasureStep.objects.get(state=StepState.STUCK)
    assert bob.post(f"/operators/stuck/{deletion_id}/retry/").status_code == 302
    assert "1 step is tried again." in bob.shown("/operators/")
    step.refresh_from_db()
    assert step.state == StepState.WAITING
    work(timezone.now())
    shown = bob.shown("/operators/")
    assert "No deletion is under way." in shown
    assert str(deletion_id) in shown
    assert "alice" not in shown


def test_nobody_else_has_it_tried_again(bob: Visitor) -> None:
    """Charlie knows the id, and changes nothing."""
    deletion_id = stuck_deletion()
    charlie = enter("charlie")
    assert charlie.post(f"/operators/stuck/{deletion_id}/retry/").status_code == 404
    assert Client().post(f"/operators/stuck/{deletion_id}/retry/").status_code == 302
    assert bob.get(f"/operators/stuck/{deletion_id}/retry/").status_code == 405
    assert ErasureStep.objects.filter(state=StepState.STUCK).count() == 1


def test_what_is_not_stuck_is_not_tried_again(bob: Visitor) -> None:
    answer = bob.browser.post(f"/operators/stuck/{uuid4()}/retry/", follow=True)
    assert "No step is stuck under this id." in answer.content.decode()


def test_the_log_says_who_did_what_and_forgets_who_left(bob: Visitor) -> None:
    now = timezone.now()
    operators.add(address=enter("charlie").address, now=now)
    shown = bob.shown("/operators/log/")
    assert shown.count("named an operator") == 2
    assert "A command on the machine" in shown
    assert str(bob.account_id) in shown


def test_long_lists_come_in_pages(bob: Visitor) -> None:
    now = timezone.now()
    join(CHARLIE, now)
    for minute in range(30):
        operators.add(address=CHARLIE, now=now + timedelta(minutes=minute))
        operators.remove(address=CHARLIE, now=now + timedelta(minutes=minute, seconds=30))
    first = bob.shown("/operators/log/")
    older = re.search(r'href="\?cursor=([^"]+)" rel="next"', first)
    assert older
    second = bob.shown("/operators/log/", cursor=older[1])
    assert (first.count("<tr>"), second.count("<tr>")) == (51, 12)
    for page in PAGES:
        assert bob.get(page, cursor="forged").status_code == 302


def _without_tokens(page: bytes) -> bytes:
    return re.sub(rb'(name="csrfmiddlewaretoken" value=|name="next" value=)"[^"]+"', b"", page)
