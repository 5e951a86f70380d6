"""Every door against a running deletion, in the orders of their steps: the database decides (Rules C2, C3).

Alice's deletion is under way. At the same time somebody else, whose sign-up with the same address had begun
before, or she herself in another window, goes through a door. Whatever the order: the deletion is done, the
address is retired, and it is nobody's verified address.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from random import Random
from uuid import UUID

import pytest
from allauth.account.models import EmailAddress
from django.core.cache import cache
from django.db import Error
from django.http import HttpResponse
from django.test import Client

from adieu.accounts.adapter import AccountsAdapter
from adieu.accounts.addresses import seal
from adieu.accounts.models import Account
from adieu.accounts.operations import register
from adieu.deletion import requests, verification
from adieu.identities.models import IdentityClaim
from adieu.kit import sql
from adieu.kit.errors import Fact
from adieu.kit.models import RateWindow
from adieu.kit.transactions import transaction
from adieu.vault import operations as vault
from tests.support.cast import make_account
from tests.support.entrance import ask_for_reset, code_to, enter_code, sign_in, sign_up
from tests.support.interleaving import Exploration, Play, explore
from tests.support.people import PASSWORD, SESSION, confirm, current_code

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

SEED = 20300304
ADDRESS = "alice{}@example.org"
# Another account's own rows commute with a deletion; what both touch are the claims.
CLAIMS = re.compile(r"identities_identityclaim|(?:INTO|UPDATE) \"?account")
# In Alice's own second window it is all of her account.
OWN = re.compile(r"identities_identityclaim|account_emailaddress|accounts_account")


@dataclass(frozen=True)
class Cast:
    """Alice, who leaves, and her address."""

    alice: UUID
    address: str
    now: datetime

    def leave(self) -> UUID:
        return confirm(self.alice, current_code(self.alice), self.now)


def assemble(number: int, now: datetime, *, is_there: Callable[[str], object] = bool) -> Cast:
    """Let somebody begin at the door; then Alice has the address and is about to leave."""
    address = ADDRESS.format(number)
    # Each play is by itself: limits on tries are another matter.
    cache.clear()
    RateWindow.objects.all().delete()
    is_there(address)
    alice = Account(email=seal(address), registered_at=now)
    alice.set_unusable_password()
    vault.put(account_id=alice.pk, address=address, now=now)
    alice.save()
    EmailAddress.objects.create(user=alice, email=alice.email, verified=True, primary=True)
    requests.open_request(account_id=alice.pk, reason="privacy", comment="", now=now)
    # What sending a code does after its limits.
    verification._owe_code(account_id=alice.pk, session_digest=SESSION, now=now)
    return Cast(alice.pk, address, now)


def waiting(address: str, now: datetime) -> EmailAddress:
    """Make a sign-up that is under way: its account has not entered the code."""
    person = make_account()
    vault.put(account_id=person, address=address, now=now)
    return EmailAddress.objects.create(user_id=person, email=seal(address))


def save(row: EmailAddress) -> None:
    row.verified = True
    row.save()


def update(row: EmailAddress) -> int:
    with transaction():
        return sql.run("UPDATE account_emailaddress SET verified = true WHERE id = %s", [row.pk])


def change(account_id: UUID) -> int:
    changed: int = EmailAddress.objects.filter(user_id=account_id).update(email=seal("other@example.org"))
    return changed


# By somebody else, whose sign-up had begun: what is there before Alice, and what is done.
OTHERS: dict[str, Callable[[str, datetime], Callable[[], object]]] = {
    "the address is saved": lambda address, now: partial(save, waiting(address, now)),
    "SQL verifies the address": lambda address, now: partial(update, waiting(address, now)),
    "a sign-up is written": lambda address, now: partial(
        register, address=address, password=PASSWORD, now=now
    ),
}


def browse(address: str) -> Callable[[], object]:
    """Sign up, and be about to enter the code."""
    browser = Client(REMOTE_ADDR="192.0.2.9")
    sign_up(browser, address)
    return partial(enter_code, browser, code_to(address))


PAGES: dict[str, Callable[[str], Callable[[], object]]] = {
    "code after sign-up": browse,
    "sign-up page": lambda address: partial(sign_up, Client(), address),
    "asking for a new password": lambda address: partial(ask_for_reset, Client(), address),
    "sign-in": lambda address: partial(sign_in, Client(), address),
}
# By Alice in her other window: what it has read before, and what is done.
OWN_DOORS: dict[str, Callable[[UUID], Callable[[], object]]] = {
    "her address is saved again": lambda alice: partial(save, EmailAddress.objects.get(user_id=alice)),
    "her password is set": lambda alice: partial(
        AccountsAdapter().set_password, Account.objects.get(pk=alice), "five quiet herons stand"
    ),
    "her address is changed to another's": lambda alice: partial(change, alice),
}


def check(cast: Cast, played: Play) -> None:
    """Hold an ending against the rules."""
    left, tried = played.outcomes
    story = f"{tried!r}\n{played.script()}"
    assert isinstance(left, UUID), f"{left!r}\n{story}"
    assert not Account.objects.filter(pk=cast.alice).exists(), story
    assert not EmailAddress.objects.filter(user_id=cast.alice).exists(), story
    sealed = seal(cast.address)
    claim = IdentityClaim.objects.get(key=sealed.partition("@")[0])
    assert (claim.account_id, claim.retired_at) == (None, cast.now), story
    assert not EmailAddress.objects.filter(email=sealed, verified=True).exists(), story
    if isinstance(tried, HttpResponse):
        assert tried.status_code in {302, 422}, story
        assert tried.headers.get("Location") != "/", story
    else:
        assert tried is None or isinstance(tried, Fact | Error | Account | int), story


def hold(make: Callable[[], tuple[Cast, Callable[[], object]]], exploration: Exploration) -> None:
    casts: list[Cast] = []

    def begin() -> list[Callable[[], object]]:
        cast, act = make()
        casts.append(cast)
        return [cast.leave, act]

    for played in explore(begin, exploration):
        check(casts[-1], played)


def exploration(shared: re.Pattern[str], most: int) -> Exploration:
    return Exploration(most=most, at_random=most // 4, random=Random(SEED), shared=shared)


def beside_another(door: str, now: datetime) -> Callable[[], tuple[Cast, Callable[[], object]]]:
    numbers = iter(range(10_000))

    def make() -> tuple[Cast, Callable[[], object]]:
        acts: list[Callable[[], object]] = []
        begin = (lambda address: OTHERS[door](address, now)) if door in OTHERS else PAGES[door]
        cast = assemble(next(numbers), now, is_there=lambda address: acts.append(begin(address)))
        return cast, acts[0]

    return make


def beside_oneself(door: str, now: datetime) -> Callable[[], tuple[Cast, Callable[[], object]]]:
    numbers = iter(range(10_000))

    def make() -> tuple[Cast, Callable[[], object]]:
        cast = assemble(next(numbers), now)
        return cast, OWN_DOORS[door](cast.alice)

    return make


@pytest.mark.parametrize("door", [*OTHERS, *PAGES])
def test_somebody_elses_door_in_some_orders(
    door: str, now: datetime, record_property: Callable[[str, object], None]
) -> None:
    explored = exploration(CLAIMS, most=8)
    hold(beside_another(door, now), explored)
    record_property(f"orders of a deletion with: {door}", tell(explored))


@pytest.mark.parametrize("door", OWN_DOORS)
def test_ones_own_door_in_some_orders(
    door: str, now: datetime, record_property: Callable[[str, object], None]
) -> None:
    explored = exploration(OWN, most=8)
    hold(beside_oneself(door, now), explored)
    record_property(f"orders of a deletion with: {door}", tell(explored))


@pytest.mark.long
@pytest.mark.parametrize("door", [*OTHERS, *PAGES])
def test_somebody_elses_door_in_all_orders(
    door: str, now: datetime, record_property: Callable[[str, object], None]
) -> None:
    explored = exploration(CLAIMS, most=2000)
    hold(beside_another(door, now), explored)
    assert explored.is_complete
    record_property(f"orders of a deletion with: {door}", tell(explored))


@pytest.mark.long
@pytest.mark.parametrize("door", OWN_DOORS)
def test_ones_own_door_in_all_orders(
    door: str, now: datetime, record_property: Callable[[str, object], None]
) -> None:
    explored = exploration(OWN, most=2000)
    hold(beside_oneself(door, now), explored)
    assert explored.is_complete
    record_property(f"orders of a deletion with: {door}", tell(explored))


def tell(explored: Exploration) -> str:
    return f"{explored.plays}{', all there are' if explored.is_complete else ''}"
