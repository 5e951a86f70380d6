"""Signing up (Rules A1, A2, A3, P1)."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.apps import apps
from django.conf import settings
from django.db import connections
from django.test import Client, override_settings
from django.utils import timezone

from adieu.accounts import terms
from adieu.accounts.models import Account, TermsAgreement
from adieu.accounts.operations import register, sweep_unverified
from adieu.identities.models import IdentityClaim
from adieu.identities.queries import is_claimed_by, key_for
from adieu.kit.setting_values import SignUp
from adieu.notices.models import Notice
from adieu.tenancy.queries import organizations_of
from adieu.vault.models import Entry, Mail
from tests.support.crowds import all_at_once
from tests.support.entrance import (
    CODE_PAGE,
    another_code,
    code_to,
    enter_code,
    is_signed_in,
    join_by_browser,
    mail_to,
    resend,
    sign_in,
    sign_up,
)
from tests.support.people import PASSWORD, join, leave

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

ALICE = "alice@example.org"
BOB = "bob@example.org"
CHARLIE = "charlie@example.org"


def text_of(answer: object) -> str:
    return answer.content.decode()  # type: ignore[attr-defined,no-any-return]


def test_a_person_signs_up_with_an_address_a_password_and_a_mailed_code(client: Client) -> None:
    answer = sign_up(client, ALICE)
    assert (answer.status_code, answer.headers["Location"]) == (302, CODE_PAGE)
    assert ALICE in text_of(client.get(CODE_PAGE))
    assert not is_signed_in(client)

    assert enter_code(client, code_to(ALICE)).headers["Location"] == "/"
    assert is_signed_in(client)
    account = Account.objects.get()
    assert is_claimed_by(kind="email", identifier=ALICE, account_id=account.pk)
    [organization] = organizations_of(account_id=account.pk)
    assert (organization.name, organization.is_only_owner) == ("My organization", True)
    assert [project.name for project in organization.projects] == ["Default Project"]


def test_the_second_sign_in_makes_no_second_organization(client: Client) -> None:
    join_by_browser(ALICE)
    sign_in(client, ALICE)
    assert len(organizations_of(account_id=Account.objects.get().pk)) == 1


def test_the_main_database_never_holds_the_person(client: Client) -> None:
    sign_up(client, "Alice.Liddell@example.org", password="down the rabbit hole")
    mail_to("Alice.Liddell@example.org")
    join_by_browser("robertina@example.org")
    outside = [model for model in apps.get_models() if model._meta.app_label != "vault"]
    held = [repr(row) for model in outside for row in model._default_manager.values_list()]
    assert len(held) > 10
    assert not [row for row in held if "liddell" in row.lower() or "robertina" in row.lower()]
    assert Entry.objects.filter(address="Alice.Liddell@example.org").exists()


def test_an_account_without_its_code_can_do_nothing(client: Client) -> None:
    sign_up(client, ALICE)
    assert not is_signed_in(client)
    assert sign_in(Client(), ALICE).status_code == 422
    assert not IdentityClaim.objects.exists()


def test_a_wrong_code_says_how_many_tries_are_left_and_the_fifth_ends_it(client: Client) -> None:
    sign_up(client, ALICE)
    code = code_to(ALICE)
    for left in ("4 tries", "3 tries", "2 tries", "1 try"):
        answer = enter_code(client, another_code(code))
        assert answer.status_code == 422
        assert f"You have {left} left." in text_of(answer)
    assert enter_code(client, another_code(code)).headers["Location"] == "/accounts/signup/"
    assert "does not work any more" in text_of(client.get("/accounts/signup/"))
    enter_code(client, code)
    assert not is_signed_in(client)
    assert not EmailAddress.objects.filter(verified=True).exists()


def test_wrong_codes_side_by_side_are_five_tries(client: Client) -> None:
    """The count that allauth keeps in the session is overwritten by tries at the same time."""
    sign_up(client, ALICE)
    code = code_to(ALICE)

    def wrong() -> int:
        beside = Client()
        beside.cookies = client.cookies
        return enter_code(beside, another_code(code)).status_code

    answers = Counter(all_at_once(*[wrong] * 12))
    assert answers[422] <= 5
    assert enter_code(client, code).headers["Location"] == "/accounts/signup/"
    assert not is_signed_in(client)


def test_nothing_typed_is_no_try(client: Client) -> None:
    sign_up(client, ALICE)
    for _ in range(6):
        assert enter_code(client, " ").status_code == 422
    enter_code(client, code_to(ALICE))
    assert is_signed_in(client)


def test_spaces_in_a_code_are_forgiven(client: Client) -> None:
    sign_up(client, ALICE)
    code = code_to(ALICE)
    enter_code(client, f" {code[:4]} {code[4:]} ")
    assert is_signed_in(client)


def test_a_code_works_for_10_minutes(client: Client) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        sign_up(client, ALICE)
        code = code_to(ALICE)
        clock.shift(timedelta(minutes=10, seconds=1))
        assert enter_code(client, code).headers["Location"] == "/accounts/signup/"
        assert not is_signed_in(client)


def test_a_new_code_replaces_the_earlier_one(client: Client) -> None:
    sign_up(client, ALICE)
    first = code_to(ALICE)
    assert resend(client).headers["Location"] == CODE_PAGE
    second = code_to(ALICE)
    assert enter_code(client, first).status_code == 422
    assert enter_code(client, second).headers["Location"] == "/"


def test_new_codes_can_be_asked_for_four_times_a_minute_and_five_times_in_all(client: Client) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        sign_up(client, ALICE)
        assert [resend(client).status_code for _ in range(5)] == [302] * 4 + [429]
        assert "Wait a minute" in text_of(resend(client))
        clock.shift(timedelta(minutes=1))
        for _ in range(3):
            resend(client)
        assert len(mail_to(ALICE)) == 6


def test_whoever_never_entered_the_code_gives_way_to_the_next_sign_up() -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        squatter, alice = Client(), Client()
        sign_up(squatter, ALICE, password="squatters say hello")
        first = Account.objects.get().pk
        squatters_code = code_to(ALICE)
        clock.shift(timedelta(minutes=1))

        sign_up(alice, "ALICE@example.org")
        assert Account.objects.get().pk != first
        assert not Entry.objects.filter(account_id=first).exists()

        assert enter_code(squatter, squatters_code).status_code == 422
        enter_code(alice, code_to("ALICE@example.org"))
        assert is_signed_in(alice)
        assert not is_signed_in(squatter)


def test_mail_that_is_still_owed_goes_with_the_account_that_gives_way() -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        sign_up(Client(), ALICE)
        clock.shift(timedelta(minutes=1))
        sign_up(Client(), ALICE)
        assert len(mail_to(ALICE)) == 1


def test_an_address_that_is_retired_while_somebody_signs_up_is_answered_alike(client: Client) -> None:
    """Rules A5, C3: the look came too early; the database refuses, and the page says what it always says."""
    retired = IdentityClaim(
        key=key_for(kind="email", identifier=ALICE),
        rule_version=1,
        pepper_version=1,
        retired_at=timezone.now(),
    )

    def retire_at_the_entry(execute: Callable[..., object], sql: str, *rest: object) -> object:
        if "vault_entry" in sql and not IdentityClaim.objects.exists():
            retired.save()
        return execute(sql, *rest)

    with connections["vault"].execute_wrapper(retire_at_the_entry):
        answer = sign_up(client, ALICE)
    assert (answer.status_code, answer.headers["Location"]) == (302, CODE_PAGE)
    assert not Account.objects.exists()
    assert not Entry.objects.exists()
    [message] = mail_to(ALICE)
    assert message.subject == "This address cannot be used here again"


@pytest.mark.parametrize("has_left", [False, True])
def test_a_sign_up_that_looked_too_early_is_swept_at_once(now: datetime, *, has_left: bool) -> None:
    """Else the address of somebody who left would be in the vault for up to a day."""
    alice = join(ALICE, now)
    late = register(address=ALICE, password=PASSWORD, now=now)
    charlie = register(address=CHARLIE, password=PASSWORD, now=now)
    if has_left:
        leave(alice, ALICE, now)
    assert sweep_unverified(now) == 1
    assert not Entry.objects.filter(account_id=late.pk).exists()
    left = {charlie.pk} if has_left else {charlie.pk, alice}
    assert set(Account.objects.values_list("pk", flat=True)) == left


def test_an_address_that_was_retired_meanwhile_is_not_verified(client: Client) -> None:
    sign_up(client, ALICE)
    code = code_to(ALICE)
    key = Account.objects.get().email.partition("@")[0]
    IdentityClaim.objects.create(key=key, rule_version=1, pepper_version=1, retired_at=timezone.now())
    assert enter_code(client, code).headers["Location"] == "/accounts/signup/"
    assert "does not work any more" in text_of(client.get("/accounts/signup/"))
    assert not is_signed_in(client)
    assert not EmailAddress.objects.filter(verified=True).exists()


def test_the_terms_have_to_be_agreed_to_and_the_version_is_kept(client: Client) -> None:
    refused = sign_up(client, ALICE, terms=None)
    assert refused.status_code == 422
    assert "An account needs your agreement to the terms." in text_of(refused)
    assert not Account.objects.exists()
    sign_up(client, ALICE, terms_version=terms.version())
    agreement = TermsAgreement.objects.get()
    assert (agreement.account_id, agreement.version) == (Account.objects.get().pk, terms.version())


def test_agreement_to_an_earlier_text_does_not_count(client: Client) -> None:
    refused = sign_up(client, ALICE, terms_version="0" * 12)
    assert refused.status_code == 422
    assert not Account.objects.exists()


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("eleven char", "shorter than 12"),
        ("x" * 129, "longer than 128"),
        ("1qaz2wsx3edc", "tried first"),
        ("Password1234", "tried first"),
        ("passwordpassword", "tried first"),
        ("aaaaaaaaaaaaaaa", "tried first"),
        ("123456789012", "tried first"),
        ("alice@example.org", "too much like your address"),
        ("Alice@Example.Org", "too much like your address"),
        ("ecila@example.org", "too much like your address"),
    ],
)
def test_a_password_is_refused(client: Client, password: str, why: str) -> None:
    answer = sign_up(client, ALICE, password=password)
    assert answer.status_code == 422
    assert why in text_of(answer)
    assert password not in text_of(answer) or password == ALICE
    assert not Account.objects.exists()


@pytest.mark.parametrize("password", ["ünïcödé ✓ wörds", "     12 of 12", "x" * 120 + "example."])
def test_a_password_may_be_of_any_characters(client: Client, password: str) -> None:
    assert sign_up(client, ALICE, password=password).status_code == 302


@pytest.mark.parametrize(
    "address",
    [
        "",
        "alice",
        "@example.org",
        "alice@",
        "alice@example.org\0",
        "alice\u202egro.elpmaxe@moc",
        "alice@example.org\r\nBcc: bob@example.org",
        "alice@example.org\nSubject: hello",
        "<script>alert(1)</script>@example.org",
        '"><img src=x>@example.org',
        "a" * 10_000 + "@example.org",
        "alice@" + "a" * 300 + ".org",
        "alice@192.0.2.1",
        "alice@exa mple.org",
        f"{'0' * 64}@sealed.invalid",
        "alice@SEALED.invalid",
        "alice@sealed。invalid",
    ],
)
def test_what_is_no_address_is_refused_and_nothing_is_stored(client: Client, address: str) -> None:
    answer = sign_up(client, address)
    assert answer.status_code == 422
    assert "<script>alert" not in text_of(answer)
    assert "<img src=x" not in text_of(answer)
    for model in (Account, EmailAddress, Notice, Entry, Mail):
        assert not model._default_manager.exists()


@pytest.mark.parametrize("address", ["zoë@example.org", "alice@bücher.example", "o'hara+x@example.org"])
def test_unusual_addresses_are_addresses(client: Client, address: str) -> None:
    join_by_browser(address)
    assert sign_in(client, address).status_code == 302


@pytest.mark.parametrize("mode", [SignUp.INVITATION, SignUp.CLOSED])
def test_sign_up_is_open_only_where_the_operator_wants_it(client: Client, mode: SignUp) -> None:
    with override_settings(ADIEU=replace(settings.ADIEU, signup=mode)):
        closed = client.get("/accounts/signup/")
        assert closed.status_code == 403
        assert ("invite you" in text_of(closed)) is (mode is SignUp.INVITATION)
        assert sign_up(client, ALICE).status_code == 403
    assert not Account.objects.exists()


def test_the_sweep_erases_accounts_that_stayed_unverified_for_24_hours() -> None:
    now = timezone.now()
    old = register(address=ALICE, password=PASSWORD, now=now - timedelta(hours=24)).pk
    young = register(address=BOB, password=PASSWORD, now=now - timedelta(hours=23)).pk
    verified = join("charlie@example.org", now - timedelta(days=30), is_welcomed=False)
    assert sweep_unverified(now) == 1
    assert set(Account.objects.values_list("pk", flat=True)) == {young, verified}
    assert set(Entry.objects.values_list("account_id", flat=True)) == {young, verified}
    assert not EmailAddress.objects.filter(user_id=old).exists()
    assert sweep_unverified(now) == 0


def test_too_many_sign_ups_from_one_place_rest_for_a_while(client: Client) -> None:
    answers = [sign_up(Client(), f"alice{number}@example.org").status_code for number in range(21)]
    assert answers == [302] * 20 + [429]
    assert "Too many tries" in text_of(sign_up(client, ALICE))
