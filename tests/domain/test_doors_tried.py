"""Every door of `docs/doors.py`, tried with a retired address and without the table of claims (Rules A5, C3).

The one at the door is always somebody else than who left. What counts is what is there afterwards: no
account, no address and no claim has come to be, and the answer is the one for a fresh address.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.core.cache import cache
from django.db import DatabaseError, DataError, IntegrityError, connection
from django.http import HttpResponse
from django.utils import timezone

from adieu.accounts.addresses import AddressUnknown, key_of, seal
from adieu.accounts.models import Account, MadeBySignUpOnly
from adieu.identities.models import IdentityClaim
from adieu.identities.operations import IdentityRetired, claim, retire
from adieu.identities.queries import ClaimStatus, status_of
from adieu.kit.models import RateWindow
from adieu.kit.transactions import transaction
from adieu.tenancy.models import OrganizationMembership
from docs.doors import CALM, DOORS, RAISES, SAME
from tests.support import broken_claims
from tests.support.cast import make_account
from tests.support.door_tries import TRIES, Scene, outsider, revoke_all, set_scene, what_is_there
from tests.support.entrance import mail_to, sign_in
from tests.support.people import join, leave
from tests.support.visitors import enter

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

WAS = "Zoë@Bücher.example"
SPELLINGS = {
    "as it was": WAS,
    "in capitals": "ZOË@BÜCHER.EXAMPLE",
    "letters in parts": "zoe\u0308@bu\u0308cher.example",
    "the domain in ASCII": "zoë@xn--bcher-kva.example",
    "that in capitals": "ZOË@XN--BCHER-KVA.example",
    "another dot": "zoë@bücher\u3002example",
    "blanks around": "  zoë@bücher.example\t",
}
BY_NAME = {door.name: door for door in DOORS}
# What begins before the person left is not met by a second account with the same address.
STARTED_AFTER = set(TRIES) - {
    "code after sign-up",
    "new code after sign-up",
    "code for a new password",
    "setting a new password",
    "accepting an invitation",
}
# Those behind which an identifier becomes somebody's.
CLAIMING = [
    "code after sign-up",
    "accepting an invitation",
    "saving an address in Python",
    "writing addresses past `save`",
    "SQL on the main database",
]
ALIKE = [door.name for door in DOORS if SAME in door.retired or door.name == "sign-in"]
# What a door answers to whom it lets in; the others are no pages, or let nobody in.
OPEN = {
    "sign-up page": [302],
    "sign-up by an invitation's link": [302],
    "code after sign-up": [302],
    "new code after sign-up": [302],
    "asking for a new password": [302],
    "code for a new password": [302],
    "setting a new password": [302],
    "inviting an address": [302, 201],
}


@pytest.fixture
def scene() -> Scene:
    return set_scene(enter("bob"))


def retire_address(address: str) -> None:
    """Let the account with an address leave; where there is none, as if it had been there and left."""
    now = timezone.now()
    holder = IdentityClaim.objects.filter(key=key_of(seal(address)), account__isnull=False).first()
    if holder is not None and holder.account_id is not None:
        leave(holder.account_id, address, now)
    else:
        person = make_account()
        with transaction():
            claim(kind="email", identifier=address, account_id=person)
        with transaction():
            retire(account_id=person, now=now)
    assert status_of(kind="email", identifier=address) is ClaimStatus.RETIRED


def start_over(scene: Scene) -> None:
    """Forget the refusal, and what was counted."""
    IdentityClaim.objects.exclude(account_id=scene.bob.account_id).delete()
    IdentityClaim.objects.filter(account__isnull=True).delete()
    Account.objects.exclude(pk=scene.bob.account_id).delete()
    RateWindow.objects.all().delete()
    cache.clear()
    revoke_all(scene)


def answers_in(outcome: object) -> list[object]:
    return outcome if isinstance(outcome, list) else [outcome]


def attempt(act: Callable[[], object]) -> list[object]:
    try:
        return answers_in(act())
    except Exception as error:  # noqa: BLE001 - what was raised is what the test asks about
        return [error]


def seen(outcomes: list[object]) -> list[tuple[int, str | None]]:
    """Give what a person sees of answers."""
    return [
        (answer.status_code, answer.headers.get("Location"))
        for answer in outcomes
        if isinstance(answer, HttpResponse)
    ]


@pytest.mark.parametrize("door", TRIES)
def test_a_retired_address_passes_by_no_door_in_no_spelling(
    door: str, scene: Scene, record_property: Callable[[str, object], None]
) -> None:
    tried = 0
    for name, spelling in SPELLINGS.items():
        act = TRIES[door](scene, spelling)
        if spelling == WAS and door in STARTED_AFTER:
            join(WAS, timezone.now(), is_welcomed=False)
        retire_address(WAS)
        before = what_is_there()
        outcomes = attempt(act)
        assert what_is_there() == before, (door, name)
        assert all(is_refusal(outcome) for outcome in outcomes), (door, name, outcomes)
        tried += len(outcomes)
        start_over(scene)
    record_property(f"tries by a retired address in {len(SPELLINGS)} spellings, {door}", tried)


def is_refusal(outcome: object) -> bool:
    """Tell whether an answer is calm, or a write was refused for what it is."""
    if isinstance(outcome, HttpResponse):
        return outcome.status_code < 500
    return isinstance(outcome, IntegrityError | IdentityRetired | AddressUnknown | MadeBySignUpOnly)


@pytest.mark.parametrize("door", ALIKE)
def test_the_answer_is_that_for_a_fresh_address(door: str, scene: Scene) -> None:
    for name, spelling in list(SPELLINGS.items())[:2]:
        retired = TRIES[door](scene, spelling)
        retire_address(WAS)
        refused = seen(attempt(retired))
        start_over(scene)
        fresh = spelling.replace("zo", "na").replace("Zo", "Na").replace("ZO", "NA")
        assert fresh != spelling
        assert seen(attempt(TRIES[door](scene, fresh))) == refused, (door, name)
        start_over(scene)


@pytest.mark.parametrize("door", TRIES)
def test_the_tries_are_real_ones(door: str, scene: Scene) -> None:
    """With a fresh address the same tries pass, where anybody may pass."""
    before = what_is_there()
    outcomes = attempt(TRIES[door](scene, WAS))
    if door in OPEN:
        assert [status for status, _ in seen(outcomes)] == OPEN[door]
    if RAISES in BY_NAME[door].unreadable:
        assert any(isinstance(outcome, str) for outcome in outcomes), outcomes
    if door == "code after sign-up":
        assert len(what_is_there()[2]) == len(before[2]) + 1


def everything_verified() -> list[object]:
    _, addresses, claims = what_is_there()
    return [{row for row in addresses if row[3]}, claims]


@pytest.mark.parametrize("door", TRIES)
def test_without_the_claims_nothing_comes_to_be(
    door: str, scene: Scene, record_property: Callable[[str, object], None]
) -> None:
    unreadable = broken_claims.UNREADABLE[connection.vendor]
    for name, situation in unreadable.items():
        outcomes, before = try_in(situation, door, scene)
        assert what_is_there() == before, (door, name)
        assert all(is_calm(outcome) for outcome in outcomes), (door, name, outcomes)
        said = BY_NAME[door].unreadable
        if CALM in said:
            assert {answer.status_code for answer in outcomes if isinstance(answer, HttpResponse)} == {503}
            assert_says_when(outcomes)
        if RAISES in said:
            assert all(isinstance(outcome, DatabaseError) for outcome in outcomes), (door, name, outcomes)
        start_over(scene)
    record_property(f"situations without claims, {door}", ", ".join(unreadable))


@pytest.mark.parametrize("door", CLAIMING)
def test_with_claims_that_cannot_be_written_nothing_becomes_somebodys(door: str, scene: Scene) -> None:
    for name, situation in broken_claims.UNWRITABLE[connection.vendor].items():
        members = OrganizationMembership.objects.count()
        outcomes, _ = try_in(situation, door, scene, everything_verified)
        assert all(is_calm(outcome, may_write=True) for outcome in outcomes), (door, name, outcomes)
        assert OrganizationMembership.objects.count() == members
        start_over(scene)


def try_in(
    situation: Callable[[], AbstractContextManager[None]],
    door: str,
    scene: Scene,
    look: Callable[[], list[object]] | None = None,
) -> tuple[list[object], list[object]]:
    """Try a door in a situation; what `look` sees has to stay as it was."""
    act = TRIES[door](scene, WAS)
    before: list[object] = list(what_is_there())
    looked = look() if look else None
    with situation():
        outcomes = attempt(act)
    assert looked is None or look is None or look() == looked, door
    return outcomes, before


def is_calm(outcome: object, *, may_write: bool = False) -> bool:
    """Tell whether an answer is no surprise: a page or problem but 500, or an error of the database."""
    if isinstance(outcome, HttpResponse):
        return outcome.status_code != 500
    if isinstance(outcome, str):
        # Nothing that is verified was written; the caller has looked.
        return may_write
    return isinstance(outcome, DatabaseError | MadeBySignUpOnly) and not isinstance(outcome, DataError)


def assert_says_when(outcomes: list[object]) -> None:
    for answer in outcomes:
        assert isinstance(answer, HttpResponse)
        assert answer["Retry-After"] == "60"
        text = answer.content.decode()
        assert "Traceback" not in text
        assert answer["Content-Type"] == "application/problem+json" or "cannot answer right now" in text


def test_a_code_that_met_no_claims_works_when_they_are_back(scene: Scene) -> None:
    act = TRIES["code after sign-up"](scene, WAS)
    for situation in broken_claims.situations().values():
        with situation():
            [refused] = attempt(act)
        assert isinstance(refused, HttpResponse)
        assert refused.status_code == 503
        assert status_of(kind="email", identifier=WAS) is ClaimStatus.FREE
    [let_in] = attempt(act)
    assert isinstance(let_in, HttpResponse)
    assert (let_in.status_code, let_in["Location"]) == (302, "/")
    assert status_of(kind="email", identifier=WAS) is ClaimStatus.LIVE


def test_without_the_claims_nobody_learns_who_has_an_account(scene: Scene) -> None:
    join(WAS, timezone.now(), is_welcomed=False)
    for situation in broken_claims.UNREADABLE[connection.vendor].values():
        seen_of = {}
        for address in (WAS, "stranger@example.org"):
            for door in ("sign-up page", "asking for a new password"):
                with situation():
                    seen_of[door, address] = seen(attempt(TRIES[door](scene, address)))
            with situation():
                wrong = sign_in(outsider(), address, "not the right password")
            seen_of["sign-in", address] = seen([wrong])
        for door, address in list(seen_of):
            assert seen_of[door, address] == seen_of[door, WAS], door
    assert not mail_to(WAS)
