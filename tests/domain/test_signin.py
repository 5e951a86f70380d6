"""Signing in and out, and the sessions that come of it (Rules A5, A6)."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from adieu.accounts.models import Session
from tests.support.entrance import is_signed_in, join_by_browser, mail_to, send, sign_in
from tests.support.people import PASSWORD, join

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

ALICE = "alice@example.org"
BOB = "bob@example.org"
WRONG = "do not belong together"
NEW = "nine stones under ivy"


@pytest.fixture
def alice() -> None:
    join(ALICE, timezone.now())


@pytest.mark.usefixtures("alice")
@pytest.mark.parametrize("typed", [ALICE, "Alice@Example.ORG", f"  {ALICE} ", "ALICE@EXAMPLE.ORG"])
def test_a_person_signs_in_with_any_spelling_of_their_address(client: Client, typed: str) -> None:
    assert sign_in(client, typed).headers["Location"] == "/"
    assert is_signed_in(client)


@pytest.mark.usefixtures("alice")
def test_a_wrong_password_says_the_same_as_an_unknown_address(client: Client) -> None:
    for address in (ALICE, BOB):
        answer = sign_in(client, address, "not the right password")
        assert answer.status_code == 422
        assert WRONG in answer.content.decode()
    assert not is_signed_in(client)


@pytest.mark.usefixtures("alice")
@pytest.mark.parametrize(
    "password", ["", " ", "x" * 129, "x" * 10_000, PASSWORD + "\0", PASSWORD + " ", PASSWORD[:-1]]
)
def test_what_is_not_the_password_does_not_sign_in(client: Client, password: str) -> None:
    assert sign_in(client, ALICE, password).status_code == 422
    assert not is_signed_in(client)


@pytest.mark.usefixtures("alice")
def test_signing_in_begins_a_session_under_a_new_key(client: Client) -> None:
    send(client, "/accounts/password/reset/", {"email": BOB})
    before = client.cookies["session"].value
    sign_in(client, ALICE)
    assert client.cookies["session"].value != before


@pytest.mark.usefixtures("alice")
def test_signing_out_ends_the_session_and_only_by_post(client: Client) -> None:
    sign_in(client, ALICE)
    client.get("/accounts/logout/")
    assert is_signed_in(client)
    assert client.post("/accounts/logout/").status_code == 302
    assert not is_signed_in(client)
    assert not Session.objects.filter(account__isnull=False).exists()


@pytest.mark.usefixtures("alice")
@pytest.mark.parametrize(
    "next_page", ["https://example.com/", "//example.com/", "javascript:alert(1)", "https:evil"]
)
def test_the_way_back_never_leads_to_another_site(client: Client, next_page: str) -> None:
    assert sign_in(client, ALICE, next=next_page).headers["Location"] == "/"


@pytest.mark.usefixtures("alice")
def test_the_way_back_leads_to_where_one_was(client: Client) -> None:
    assert client.get("/account/").headers["Location"] == "/accounts/login/?next=/account/"
    assert sign_in(client, ALICE, next="/account/").headers["Location"] == "/account/"


@pytest.mark.usefixtures("alice")
def test_failed_sign_ins_are_limited_for_an_address_and_rest_passes() -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _ in range(10):
            assert sign_in(Client(), ALICE, "not the right password").status_code == 422
            clock.shift(timedelta(seconds=7))
        limited = sign_in(Client(), ALICE)
        assert (limited.status_code, limited["Retry-After"]) == (429, "60")
        assert "Wait some minutes" in limited.content.decode()
        assert sign_in(Client(), BOB, "not the right password").status_code == 422
        clock.shift(timedelta(minutes=15))
        assert sign_in(Client(), ALICE).status_code == 302


@pytest.mark.usefixtures("alice")
def test_a_session_ends_after_6_idle_hours(client: Client) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        sign_in(client, ALICE)
        clock.shift(timedelta(hours=5, minutes=59))
        assert is_signed_in(client)
        clock.shift(timedelta(hours=6, minutes=1))
        assert not is_signed_in(client)


def test_a_person_sees_and_ends_their_own_sessions_only() -> None:
    here = join_by_browser(ALICE)
    there, bob = Client(headers={"user-agent": "Firefox/140.0"}), join_by_browser(BOB)
    sign_in(there, ALICE)
    [bobs] = bob.get("/account/").context["sessions"]
    listed = here.get("/account/").context["sessions"]
    assert sorted(session.is_current for session in listed) == [False, True]
    [other] = [session for session in listed if not session.is_current]

    here.post(f"/account/sessions/{bobs.id}/end/")
    assert is_signed_in(bob)
    here.post(f"/account/sessions/{other.id}/end/")
    assert not is_signed_in(there)
    assert is_signed_in(here)

    sign_in(there, ALICE)
    here.post("/account/sessions/end-others/")
    assert not is_signed_in(there)
    assert is_signed_in(here)


@pytest.mark.usefixtures("alice")
def test_a_new_password_ends_the_other_sessions_and_is_told_by_mail(client: Client) -> None:
    other = Client()
    sign_in(client, ALICE)
    sign_in(other, ALICE)
    page = "/accounts/password/change/"
    assert send(client, page, {"oldpassword": "not the right password", "password1": NEW}).status_code == 422
    assert send(client, page, {"oldpassword": PASSWORD, "password1": "short"}).status_code == 422
    assert send(client, page, {"oldpassword": PASSWORD, "password1": ALICE}).status_code == 422
    assert send(client, page, {"oldpassword": PASSWORD, "password1": NEW}).status_code == 302
    assert is_signed_in(client)
    assert not is_signed_in(other)
    assert sign_in(Client(), ALICE, PASSWORD).status_code == 422
    assert sign_in(Client(), ALICE, NEW).status_code == 302
    [message] = mail_to(ALICE)
    assert message.subject == "Your password was changed"
    assert "127.0.0.1:8000/accounts/password/reset/" in message.body
    assert message.body.count("127.0.0.1") == 2
