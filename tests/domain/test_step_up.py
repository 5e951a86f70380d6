"""Proving again who one is before leaving (Rule D1)."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from adieu.accounts.models import Account
from adieu.accounts.step_up import PROOF_HOLDS
from tests.support.entrance import join_by_browser, send, sign_in
from tests.support.people import PASSWORD, join

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

ALICE = "alice@example.org"
LEAVE = "/account/deletion/"
STEP = "/accounts/reauthenticate/?next=/account/deletion/"


def test_a_sign_in_is_a_proof_for_10_minutes(client: Client) -> None:
    join(ALICE, timezone.now(), is_welcomed=False)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        sign_in(client, ALICE)
        clock.shift(PROOF_HOLDS)
        assert client.get(LEAVE).status_code == 200
        clock.shift(timedelta(seconds=1))
        assert (
            client.get(LEAVE).headers["Location"] == "/accounts/reauthenticate/?next=%2Faccount%2Fdeletion%2F"
        )


def test_whoever_has_just_signed_up_is_not_asked_again() -> None:
    assert join_by_browser(ALICE).get(LEAVE).status_code == 200


def test_the_password_proves_and_leads_back(client: Client) -> None:
    join(ALICE, timezone.now(), is_welcomed=False)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        sign_in(client, ALICE)
        clock.shift(timedelta(hours=1))
        assert client.get(STEP).status_code == 200
        assert send(client, STEP, {"password": "not the right password"}).status_code == 422
        assert client.get(LEAVE).status_code == 302
        answer = send(client, STEP, {"password": PASSWORD})
        assert answer.headers["Location"] == LEAVE
        assert client.get(LEAVE).status_code == 200


def test_strangers_who_fail_to_sign_in_do_not_keep_a_person_from_proving(client: Client) -> None:
    join(ALICE, timezone.now(), is_welcomed=False)
    sign_in(client, ALICE)
    for _ in range(12):
        sign_in(Client(), ALICE, "not the right password")
    assert sign_in(Client(), ALICE).status_code == 429
    assert send(client, STEP, {"password": PASSWORD}).status_code == 302


def test_ten_tries_a_minute_are_enough(client: Client) -> None:
    join(ALICE, timezone.now(), is_welcomed=False)
    sign_in(client, ALICE)
    statuses = [send(client, STEP, {"password": "no"}).status_code for _ in range(11)]
    assert statuses == [422] * 10 + [429]


def test_a_person_without_a_password_is_not_taken_for_proved(client: Client) -> None:
    """Allauth calls whoever has neither password nor second factor recently authenticated."""
    join(ALICE, timezone.now(), is_welcomed=False)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        client.force_login(Account.objects.get())
        assert client.get(LEAVE).status_code == 302
        account = Account.objects.get()
        account.set_unusable_password()
        account.save()
        client.force_login(account)
        clock.shift(timedelta(hours=1))
        assert client.get(LEAVE).status_code == 302


@pytest.mark.parametrize("elsewhere", ["https://example.com/", "//example.com/"])
def test_the_step_leads_nowhere_else(client: Client, elsewhere: str) -> None:
    join(ALICE, timezone.now(), is_welcomed=False)
    sign_in(client, ALICE)
    answer = send(client, f"/accounts/reauthenticate/?next={elsewhere}", {"password": PASSWORD})
    assert answer.headers["Location"] == "/"
