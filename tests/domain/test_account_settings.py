"""Account settings: the profile (Rule P1)."""

from urllib.parse import unquote

import pytest
from django.db import IntegrityError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from adieu.accounts.erasing import count_left
from adieu.accounts.keeper import AccountsKeeper
from adieu.accounts.models import Account
from adieu.accounts.operations import register
from adieu.kit.transactions import transaction
from adieu.vault.models import Entry
from tests.support.entrance import is_signed_in, join_by_browser, send, sign_in
from tests.support.people import PASSWORD, join

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

ALICE = "alice@example.org"
BOB = "bob@example.org"


@pytest.fixture
def alice() -> Client:
    return join_by_browser(ALICE)


def profile(**changed: str) -> dict[str, str]:
    return {"name": "Alice Liddell", "company": "Looking-Glass & Co", "country": "GB", **changed}


def test_a_person_says_who_they_are(alice: Client) -> None:
    assert send(alice, "/account/", profile()).status_code == 302
    entry = Entry.objects.get()
    assert (entry.name, entry.company, entry.country) == ("Alice Liddell", "Looking-Glass & Co", "GB")
    page = alice.get("/account/").content.decode()
    assert "Your profile is saved." in page
    assert "Looking-Glass &amp; Co" in page
    assert ALICE in page


def test_everything_about_a_person_is_optional(alice: Client) -> None:
    send(alice, "/account/", profile())
    assert send(alice, "/account/", {}).status_code == 302
    entry = Entry.objects.get()
    assert (entry.name, entry.company, entry.country) == ("", "", "")


@pytest.mark.parametrize(
    "changed",
    [
        {"name": "Alice\0"},
        {"name": "Alice\r\nBcc: bob@example.org"},
        {"company": "Lookin\u202eg"},
        {"name": "x" * 101},
        {"company": "x" * 10_000},
        {"country": "XX"},
        {"country": "Great Britain"},
    ],
)
def test_a_profile_that_cannot_be_kept_is_refused_whole(alice: Client, changed: dict[str, str]) -> None:
    answer = send(alice, "/account/", profile(**changed))
    assert answer.status_code == 422
    assert Entry.objects.get().name == ""


def test_what_people_write_is_shown_as_text(alice: Client) -> None:
    send(alice, "/account/", profile(name="<script>alert(1)</script>"))
    assert "<script>alert" not in alice.get("/account/").content.decode()


@pytest.mark.parametrize(
    "page", ["/account/", "/terms/agree/", "/accounts/password/change/", "/accounts/reauthenticate/"]
)
def test_pages_of_an_account_are_for_its_person_and_are_not_kept(
    client: Client, alice: Client, page: str
) -> None:
    assert client.get(page).headers["Location"].startswith("/accounts/login/")
    answer = alice.get(page)
    assert answer.status_code == 200
    assert "no-store" in answer.headers["Cache-Control"]


def test_the_keeper_erases_what_an_account_has_and_nothing_of_others() -> None:
    bob = join(BOB, timezone.now(), is_welcomed=False)
    alice = register(address=ALICE, password=PASSWORD, now=timezone.now()).pk
    keeper, left = AccountsKeeper(), count_left(account_id=bob)
    assert len(keeper.residue(account_id=alice)) == 3
    with transaction():
        keeper.lock(account_id=alice)
        keeper.erase_now(account_id=alice, now=timezone.now())
    assert keeper.residue(account_id=alice) == []
    assert count_left(account_id=bob) == left


def test_erasing_takes_the_same_number_of_statements_however_many_sessions(alice: Client) -> None:
    keeper = AccountsKeeper()
    for _ in range(5):
        sign_in(Client(), ALICE)
    account_id = Account.objects.get().pk
    assert [going.count for going in keeper.describe(account_id=account_id).goes] == [1, 6]
    with CaptureQueriesContext(connection) as captured, pytest.raises(IntegrityError), transaction():
        # Tenancy and identities still point to the account, so the database does not let it go.
        keeper.erase_now(account_id=account_id, now=timezone.now())
    assert len([query for query in captured if query["sql"].startswith(("DELETE", "\n"))]) == 3
    assert Account.objects.exists()


@pytest.mark.parametrize("word", ["markedmalou", "marked%00malou", "markedmalou" * 9, "%F0%9F%98%80"])
def test_a_word_in_place_of_a_session_never_reaches_the_main_database(alice: Client, word: str) -> None:
    """Whoever types a URL may type anything (Rule P1), and PostgreSQL takes no NUL."""
    with CaptureQueriesContext(connection) as captured:
        answer = alice.post(f"/account/sessions/{word}/end/")
    assert answer.status_code == 302
    assert captured.captured_queries
    assert not [each["sql"] for each in captured.captured_queries if unquote(word) in each["sql"]]
    assert is_signed_in(alice)
