"""Setting a new password with a mailed code (Rules A2, A5, D7)."""

from datetime import timedelta

import pytest
import time_machine
from django.db import transaction
from django.test import Client
from django.utils import timezone

from adieu.accounts.erasing import erase_account
from adieu.accounts.models import Account, Session
from adieu.identities.models import IdentityClaim
from tests.support.entrance import (
    another_code,
    ask_for_reset,
    code_to,
    enter_code,
    is_signed_in,
    mail_to,
    send,
    sign_in,
)
from tests.support.people import PASSWORD, join, leave

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

ALICE = "alice@example.org"
NEW = "nine stones under ivy"
CONFIRM = "/accounts/password/reset/confirm/"
COMPLETE = "/accounts/password/reset/complete/"


@pytest.fixture(autouse=True)
def _alice() -> None:
    join(ALICE, timezone.now(), is_welcomed=False)


def set_password(browser: Client, password: str) -> int:
    return send(browser, COMPLETE, {"password1": password}).status_code


def test_a_code_and_a_new_password_are_all_it_takes(client: Client) -> None:
    elsewhere = Client()
    sign_in(elsewhere, ALICE)
    assert ask_for_reset(client, "ALICE@example.org").headers["Location"] == CONFIRM
    assert enter_code(client, code_to(ALICE), CONFIRM).headers["Location"] == COMPLETE
    assert set_password(client, NEW) == 302
    assert not Session.objects.filter(account__isnull=False).exists()
    assert not is_signed_in(client)
    assert not is_signed_in(elsewhere)
    assert sign_in(Client(), ALICE, PASSWORD).status_code == 422
    assert sign_in(client, ALICE, NEW).status_code == 302
    assert [message.subject for message in mail_to(ALICE)] == [
        "Your code for a new password",
        "Your password was changed",
    ]


def test_nothing_can_be_set_before_the_code_is_entered(client: Client) -> None:
    assert set_password(client, NEW) == 302
    ask_for_reset(client, ALICE)
    set_password(client, NEW)
    assert sign_in(Client(), ALICE, PASSWORD).status_code == 302


@pytest.mark.parametrize("password", ["short", ALICE, "Password1234", "x" * 129])
def test_a_poor_password_is_refused(client: Client, password: str) -> None:
    ask_for_reset(client, ALICE)
    enter_code(client, code_to(ALICE), CONFIRM)
    assert set_password(client, password) == 422
    assert sign_in(Client(), ALICE, PASSWORD).status_code == 302


def test_five_wrong_codes_end_the_reset(client: Client) -> None:
    ask_for_reset(client, ALICE)
    code = code_to(ALICE)
    for _ in range(4):
        assert enter_code(client, another_code(code), CONFIRM).status_code == 422
    assert enter_code(client, another_code(code), CONFIRM).headers["Location"] == "/accounts/password/reset/"
    enter_code(client, code, CONFIRM)
    set_password(client, NEW)
    assert sign_in(Client(), ALICE, PASSWORD).status_code == 302


def test_a_code_works_for_10_minutes_and_once(client: Client) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        ask_for_reset(client, ALICE)
        code = code_to(ALICE)
        clock.shift(timedelta(minutes=10, seconds=1))
        assert enter_code(client, code, CONFIRM).headers["Location"] == "/accounts/password/reset/"
        ask_for_reset(client, ALICE)
        code = code_to(ALICE)
        enter_code(client, code, CONFIRM)
        set_password(client, NEW)
        assert enter_code(client, code, CONFIRM).status_code == 302
        assert set_password(client, PASSWORD) == 302
    assert sign_in(Client(), ALICE, NEW).status_code == 302


def test_a_code_is_of_no_use_in_another_browser(client: Client) -> None:
    ask_for_reset(client, ALICE)
    stranger = Client()
    ask_for_reset(stranger, "stranger@example.org")
    assert enter_code(stranger, code_to(ALICE), CONFIRM).status_code == 422


@pytest.mark.parametrize("step", ["code", "password"])
def test_an_account_that_left_meanwhile_gets_no_password(client: Client, step: str) -> None:
    ask_for_reset(client, ALICE)
    code = code_to(ALICE)
    if step == "password":
        enter_code(client, code, CONFIRM)
    account = Account.objects.get()
    leave(account.pk, ALICE, timezone.now())
    if step == "code":
        assert enter_code(client, code, CONFIRM).status_code in {302, 422}
    assert set_password(client, NEW) == 302
    assert not Account.objects.exists()
    assert sign_in(Client(), ALICE, NEW).status_code == 422


def test_at_most_five_codes_an_hour_for_an_address() -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _ in range(5):
            assert ask_for_reset(Client(), ALICE).status_code == 302
            clock.shift(timedelta(minutes=1))
        limited = ask_for_reset(Client(), ALICE)
        assert (limited.status_code, limited["Retry-After"]) == (429, "60")
        assert len(mail_to(ALICE)) <= 5


@pytest.mark.parametrize(
    "address", ["", "alice", "a\0b@example.org", "alice@example.org\nBcc: b@example.org", "x" * 10_000]
)
def test_what_is_no_address_is_refused(client: Client, address: str) -> None:
    assert ask_for_reset(client, address).status_code == 422


def test_erasing_in_the_same_moment_leaves_no_account(client: Client) -> None:
    ask_for_reset(client, ALICE)
    enter_code(client, code_to(ALICE), CONFIRM)
    IdentityClaim.objects.all().delete()
    with transaction.atomic():
        erase_account(account_id=Account.objects.get().pk)
    assert set_password(client, NEW) == 302
    assert not Account.objects.exists()
