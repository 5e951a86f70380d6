"""API keys as pages: made, shown once, reset, revoked (Rule O5)."""

import re
from uuid import UUID

import pytest
from django.test import Client
from django.utils import timezone

from adieu.accounts.models import Account
from adieu.tenancy.api_keys import authenticate
from adieu.tenancy.models import ApiKey
from adieu.tenancy.queries import organizations_of
from tests.support.entrance import join_by_browser
from tests.support.rooms import put_into

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

ALICE = "alice@example.org"
BOB = "bob@example.org"
SECRET = re.compile(r"adieu_[A-Za-z0-9_-]{43}")


@pytest.fixture
def alice() -> Client:
    return join_by_browser(ALICE)


@pytest.fixture
def office(alice: Client) -> UUID:
    return organizations_of(account_id=Account.objects.get().pk)[0].id


def page(office: UUID) -> str:
    return f"/organizations/{office}/api-keys/"


def make(browser: Client, office: UUID, name: str = "CI", ends: str = "90") -> str:
    shown = browser.post(page(office), {"name": name, "ends": ends}).content.decode()
    secrets: set[str] = set(SECRET.findall(shown))
    assert len(secrets) == 1, shown
    return secrets.pop()


def test_a_key_is_shown_once(alice: Client, office: UUID) -> None:
    secret = make(alice, office)
    assert authenticate(secret=secret, now=timezone.now())
    listed = alice.get(page(office)).content.decode()
    assert not SECRET.search(listed)
    assert "CI" in listed
    assert secret[-4:] in listed


def test_sending_the_form_again_makes_no_second_key(alice: Client, office: UUID) -> None:
    make(alice, office)
    again = alice.post(page(office), {"name": "CI", "ends": "90"})
    assert again.status_code == 422
    assert "of that name" in again.content.decode()
    assert ApiKey.objects.count() == 1


@pytest.mark.parametrize(("ends", "is_endless"), [("never", True), ("30", False)])
def test_a_key_can_run_out(alice: Client, office: UUID, ends: str, is_endless: bool) -> None:
    make(alice, office, ends=ends)
    assert (ApiKey.objects.get().expires_at is None) == is_endless


@pytest.mark.parametrize("sent", [{"name": "", "ends": "90"}, {"name": "CI", "ends": "1e9"}, {"name": "CI"}])
def test_bad_input_makes_no_key(alice: Client, office: UUID, sent: dict[str, str]) -> None:
    assert alice.post(page(office), sent).status_code == 422
    assert not ApiKey.objects.exists()


def test_reset_and_revoke_ask_first(alice: Client, office: UUID) -> None:
    secret = make(alice, office)
    key = ApiKey.objects.get()
    for act in ("reset", "revoke"):
        assert alice.get(f"{page(office)}{key.id}/{act}/").status_code == 200
    assert authenticate(secret=secret, now=timezone.now())
    shown = alice.post(f"{page(office)}{key.id}/reset/").content.decode()
    [fresh] = set(SECRET.findall(shown))
    assert authenticate(secret=secret, now=timezone.now()) is None
    assert authenticate(secret=fresh, now=timezone.now())
    assert alice.post(f"{page(office)}{key.id}/revoke/").status_code == 302
    assert authenticate(secret=fresh, now=timezone.now()) is None


def test_nobody_else_finds_a_key(alice: Client, office: UUID) -> None:
    secret = make(alice, office)
    key = ApiKey.objects.get()
    bobs = join_by_browser(BOB)
    assert bobs.get(page(office)).status_code == 404
    put_into(office, Account.objects.latest("registered_at").pk, timezone.now())
    assert bobs.get(page(office)).status_code == 200
    for act in ("reset", "revoke"):
        assert bobs.get(f"{page(office)}{key.id}/{act}/").status_code == 404
        assert bobs.post(f"{page(office)}{key.id}/{act}/").status_code == 404
    assert authenticate(secret=secret, now=timezone.now())
