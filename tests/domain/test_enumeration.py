"""What a stranger can learn about an address: nothing (Rules A5, C5).

Each door is tried with an address nobody has, one that has an account, one whose code was never entered and
one that is retired. Status, body, where it leads, the hashes spent and the number of notices are the same;
only the mailbox learns more.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.http import HttpResponse
from django.test import Client, override_settings
from django.utils import timezone

from adieu.accounts.models import Account
from adieu.accounts.operations import register
from adieu.identities.models import IdentityClaim
from adieu.notices.models import Notice
from adieu.vault.models import Entry
from tests.support.entrance import (
    CODE_PAGE,
    CountingHasher,
    ask_for_reset,
    enter_code,
    is_signed_in,
    look,
    mail_to,
    resend,
    send,
    sign_in,
    sign_up,
)
from tests.support.people import PASSWORD, join, leave

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

STRANGER = "stranger@example.org"
LIVE = "living@example.org"
UNVERIFIED = "waiting@example.org"
RETIRED = "retired@example.org"
ADDRESSES = [STRANGER, LIVE, UNVERIFIED, RETIRED]
OTHER_PASSWORD = "five quiet herons stand"
# Other spellings of one mailbox: case, Unicode form, the domain in its ASCII form and with another dot.
SPELLINGS = ["Zoë@Bücher.example", "ZOË@BÜCHER.EXAMPLE", "zoe\u0308@bu\u0308cher.example"]
SPELLINGS += ["zoë@xn--bcher-kva.example", "zoë@XN--BCHER-KVA.example", "zoë@bücher。example"]


@pytest.fixture(autouse=True)
def _cast() -> Iterator[None]:
    long_ago = timezone.now() - timedelta(hours=2)
    join(LIVE, long_ago, is_welcomed=False)
    leave(join(RETIRED, long_ago, is_welcomed=False), RETIRED, long_ago)
    register(address=UNVERIFIED, password=OTHER_PASSWORD, now=long_ago)
    Notice.objects.all().delete()
    with override_settings(PASSWORD_HASHERS=["tests.support.entrance.CountingHasher"]):
        yield


def seen(answer: HttpResponse) -> tuple[int, str | None, str]:
    """Give what a stranger sees of an answer, without what differs from page to page."""
    body = answer.content.decode()
    for address in ADDRESSES:
        body = body.replace(address, "ADDRESS")
    body = re.sub(r'(csrfmiddlewaretoken" value|nonce)="[^"]*"', r"\1", body)
    return answer.status_code, answer.headers.get("Location"), body


@dataclass(frozen=True)
class Cost:
    """What was seen, the hashes spent and the notices written."""

    answers: list[tuple[int, str | None, str]]
    hashes: int
    notices: int


def cost(addresses: list[str], act: Callable[[Client, str], list[HttpResponse]]) -> list[Cost]:
    """Do something with each address."""
    return [_cost(address, act) for address in addresses]


def _cost(address: str, act: Callable[[Client, str], list[HttpResponse]]) -> Cost:
    hashes, notices = CountingHasher.hashes, Notice.objects.count()
    answers = act(Client(), address)
    return Cost(
        [seen(answer) for answer in answers],
        CountingHasher.hashes - hashes,
        Notice.objects.count() - notices,
    )


def test_a_sign_up_looks_the_same_for_every_address() -> None:
    def act(browser: Client, address: str) -> list[HttpResponse]:
        return [
            sign_up(browser, address, OTHER_PASSWORD),
            look(browser, CODE_PAGE),
            enter_code(browser, "00000000"),
            look(browser, "/accounts/login/"),
            look(browser, "/accounts/signup/"),
        ]

    first, *others = cost(ADDRESSES, act)
    assert first.answers[0][:2] == (302, CODE_PAGE)
    assert (first.hashes, first.notices) == (1, 1)
    assert others == [first] * 3


def test_each_address_gets_one_mail_that_only_its_owner_reads() -> None:
    for address in ADDRESSES:
        sign_up(Client(), address)
    subjects = [[message.subject for message in mail_to(address)] for address in ADDRESSES]
    code = ["Your code for signing up"]
    assert subjects == [
        code,
        ["You have an account already"],
        code,
        ["This address cannot be used here again"],
    ]


def test_a_sign_up_for_an_address_that_cannot_be_had_leaves_nothing() -> None:
    def everything() -> list[set[UUID]]:
        return [
            set(model._default_manager.values_list("pk", flat=True))
            for model in (Account, Entry, EmailAddress)
        ]

    before = everything()
    for address in (LIVE, RETIRED):
        sign_up(Client(), address)
    assert everything() == before


def test_five_wrong_codes_end_the_same_way() -> None:
    def act(browser: Client, address: str) -> list[HttpResponse]:
        sign_up(browser, address)
        return [*[enter_code(browser, "00000000") for _ in range(6)], look(browser, CODE_PAGE)]

    first, *others = cost(ADDRESSES, act)
    assert others == [first] * 3


def test_starting_over_looks_the_same() -> None:
    def act(browser: Client, address: str) -> list[HttpResponse]:
        sign_up(browser, address)
        return [
            send(browser, "/accounts/logout/", {}),
            look(browser, CODE_PAGE),
            look(browser, "/accounts/signup/"),
        ]

    first, *others = cost(ADDRESSES, act)
    assert first.answers[1][:2] == (302, "/accounts/signup/")
    assert others == [first] * 3


def test_asking_for_a_new_code_looks_and_costs_the_same() -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:

        def act(browser: Client, address: str) -> list[HttpResponse]:
            answers = [sign_up(browser, address), *[resend(browser) for _ in range(5)]]
            clock.shift(timedelta(minutes=1))
            return [*answers, *[resend(browser) for _ in range(3)], look(browser, CODE_PAGE)]

        first, *others = cost(ADDRESSES, act)
        assert first.notices == 6
        assert [answer[0] for answer in first.answers].count(429) == 1
        assert others == [first] * 3
        assert len(mail_to(LIVE)) == 1
        assert len(mail_to(STRANGER)) == 6


def test_a_wrong_sign_in_looks_the_same_for_every_address() -> None:
    def act(browser: Client, address: str) -> list[HttpResponse]:
        return [sign_in(browser, address, "not the right password")]

    first, *others = cost([*ADDRESSES], act)
    assert first.answers[0][0] == 422
    assert (first.hashes, first.notices) == (1, 0)
    assert others == [first] * 3


def test_whether_a_sign_up_made_an_account_cannot_be_tried_by_signing_in() -> None:
    def act(browser: Client, address: str) -> list[HttpResponse]:
        sign_up(browser, address, OTHER_PASSWORD)
        return [sign_in(Client(), address, OTHER_PASSWORD)]

    first, *others = cost(ADDRESSES, act)
    assert first.answers[0][0] == 422
    assert others == [first] * 3


@pytest.mark.parametrize(
    "typed", ["no address", "a@b@c", "x" * 10_000, "retired@\u202egro.elpmaxe", "ù" * 300]
)
def test_what_is_no_address_signs_in_like_an_unknown_one(typed: str) -> None:
    def act(browser: Client, address: str) -> list[HttpResponse]:
        answer = sign_in(browser, address, "not the right password")
        answer.content = answer.content.replace(typed.encode(), b"ADDRESS")
        return [answer]

    unknown, other = cost([STRANGER, typed], act)
    assert unknown == other


def test_a_reset_looks_the_same_for_every_address() -> None:
    def act(browser: Client, address: str) -> list[HttpResponse]:
        page = "/accounts/password/reset/confirm/"
        return [
            ask_for_reset(browser, address),
            look(browser, page),
            *[enter_code(browser, "00000000", page) for _ in range(6)],
            look(browser, "/accounts/password/reset/complete/"),
        ]

    first, *others = cost(ADDRESSES, act)
    assert first.answers[0][:2] == (302, "/accounts/password/reset/confirm/")
    assert first.notices == 1
    assert others == [first] * 3
    none = ["There is no account with this address"]
    subjects = [[message.subject for message in mail_to(address)] for address in ADDRESSES]
    assert subjects == [
        none,
        ["Your code for a new password"],
        none,
        ["This address cannot be used here again"],
    ]


def test_limits_look_the_same_for_every_address() -> None:
    def act(browser: Client, address: str) -> list[HttpResponse]:
        return [sign_up(Client(REMOTE_ADDR=f"192.0.2.{n}"), address) for n in range(6)]

    first, *others = cost(ADDRESSES, act)
    assert [answer[0] for answer in first.answers] == [302] * 5 + [429]
    assert others == [first] * 3


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_spelling_of_a_retired_address_comes_back(spelling: str) -> None:
    now = timezone.now()
    leave(join(SPELLINGS[0], now, is_welcomed=False), SPELLINGS[0], now)
    Notice.objects.all().delete()
    accounts, entries, claims = Account.objects.count(), Entry.objects.count(), IdentityClaim.objects.count()

    browser = Client()
    assert sign_up(browser, spelling).headers["Location"] == CODE_PAGE
    assert sign_in(Client(), spelling, PASSWORD).status_code == 422
    assert not is_signed_in(browser)
    assert (Account.objects.count(), Entry.objects.count(), IdentityClaim.objects.count()) == (
        accounts,
        entries,
        claims,
    )
    [message] = mail_to(spelling)
    assert message.subject == "This address cannot be used here again"
    assert "ask the operator" in message.body


def test_a_retired_address_is_told_at_most_once_a_day() -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _ in range(3):
            sign_up(Client(), RETIRED)
            ask_for_reset(Client(), RETIRED)
            clock.shift(timedelta(hours=1))
        assert len(mail_to(RETIRED)) == 1
        assert Notice.objects.count() == 6
        clock.shift(timedelta(hours=21))
        sign_up(Client(), RETIRED.upper())
        assert len(mail_to(RETIRED)) == 2


def test_a_live_account_is_written_to_as_it_wrote_its_address() -> None:
    """`casefold` takes ß for ss, so a sign-up with one spelling must not mail the other mailbox."""
    join("strasse@example.org", timezone.now(), is_welcomed=False)
    ask_for_reset(Client(), "straße@example.org")
    [message] = mail_to("strasse@example.org")
    assert message.to == ["strasse@example.org"]
