"""A session is a row that decides and a content in the vault (Rules A6, A8, D7, P4)."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import time_machine
from django.conf import settings as django_settings
from django.contrib.sessions.backends.base import CreateError, UpdateError
from django.contrib.sessions.exceptions import SessionInterrupted
from django.test import Client
from pytest_django.fixtures import Settings

from adieu.accounts import sessions
from adieu.accounts.models import Account, Session
from adieu.accounts.session_store import SessionStore, digest_of_key
from adieu.kit import sql
from adieu.vault.models import SessionData
from tests.support.cast import make_account
from tests.support.vault_files import do_daily_compaction, is_in_vault_files

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

NINE = datetime(2030, 3, 4, 9, tzinfo=UTC)
HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
NOBODY = "nobody -"


@pytest.fixture(autouse=True)
def _pages(settings: Settings) -> None:
    settings.ROOT_URLCONF = "tests.support.session_pages"
    settings.MIDDLEWARE = [
        "django.contrib.sessions.middleware.SessionMiddleware",
        "adieu.accounts.sessions.seen_middleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "allauth.account.middleware.AccountMiddleware",
    ]


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NINE, tick=False) as clock:
        yield clock


@pytest.fixture
def alice() -> UUID:
    return make_account()


def signed_in(account_id: UUID) -> Client:
    """Give a browser in which the account is signed in."""
    browser = Client(headers={"User-Agent": "Netscape\x00 4.0\u202e" + "x" * 300}, REMOTE_ADDR="192.0.2.7")
    backend = django_settings.AUTHENTICATION_BACKENDS[0]
    browser.force_login(Account.objects.get(id=account_id), backend=backend)
    return browser


def look(browser: Client) -> str:
    return browser.get("/look/").content.decode()


def key_of(browser: Client) -> str:
    return browser.cookies[django_settings.SESSION_COOKIE_NAME].value


def row_of(browser: Client) -> Session:
    return Session.objects.get(key_digest=digest_of_key(key_of(browser)))


def kept_anywhere() -> tuple[int, int]:
    return Session.objects.count(), SessionData.objects.count()


class TestWhoStoresNothing:
    @pytest.mark.parametrize("page", ["/look/", "/ignore/"])
    def test_a_visitor_leaves_no_row_no_content_and_no_cookie(self, page: str) -> None:
        browser = Client()
        browser.get(page)
        assert kept_anywhere() == (0, 0)
        assert not browser.cookies

    @pytest.mark.parametrize("key", ["short", "a" * 32, "\u00fc" * 40, "a" * 5000, "'; DROP TABLE--"])
    def test_a_made_up_key_is_nobodys_and_stays_unused(self, key: str) -> None:
        browser = Client()
        browser.cookies[django_settings.SESSION_COOKIE_NAME] = key
        assert look(browser) == NOBODY
        browser.get("/write/?note=hello")
        assert kept_anywhere() == (1, 1)
        assert not Session.objects.filter(key_digest=digest_of_key(key)).exists()


class TestTwoStores:
    def test_a_session_is_kept_between_requests(self) -> None:
        browser = Client()
        browser.get("/write/?note=hello")
        assert look(browser) == "nobody hello"

    def test_the_main_database_holds_neither_key_nor_content(self, alice: UUID) -> None:
        browser = signed_in(alice)
        browser.get("/write/?note=marked-words")
        assert is_in_vault_files("marked-words")
        assert not is_in_vault_files(key_of(browser))
        row = sql.rows("SELECT * FROM accounts_session")[0]
        assert "marked-words" not in str(row)
        assert key_of(browser) not in str(row)

    def test_the_row_says_whose_session_it_is(self, alice: UUID) -> None:
        browser = signed_in(alice)
        assert look(browser) == f"{alice} -"
        assert row_of(browser).account_id == alice
        assert SessionData.objects.get().account_id == alice

    def test_the_cookie_ends_with_the_browser(self) -> None:
        browser = Client()
        browser.get("/write/?note=hello")
        cookie = browser.cookies[django_settings.SESSION_COOKIE_NAME]
        assert (cookie["max-age"], cookie["expires"]) == ("", "")

    def test_a_content_that_says_another_account_than_its_row_is_not_read(self, alice: UUID) -> None:
        browser = signed_in(alice)
        Session.objects.update(account_id=make_account())
        assert look(browser) == NOBODY

    def test_a_content_that_says_an_account_without_its_row_is_not_read(self, alice: UUID) -> None:
        browser = signed_in(alice)
        Session.objects.update(account_id=None)
        assert look(browser) == NOBODY

    def test_a_row_without_content_is_an_empty_session(self, alice: UUID) -> None:
        browser = signed_in(alice)
        SessionData.objects.all().delete()
        assert look(browser) == NOBODY


class TestEnding:
    def test_without_its_row_a_session_is_over_at_the_next_request(self, alice: UUID) -> None:
        browser = signed_in(alice)
        Session.objects.all().delete()
        assert look(browser) == NOBODY

    def test_with_its_account_a_session_is_over_at_the_next_request(self, alice: UUID) -> None:
        browser = signed_in(alice)
        sql.run("DELETE FROM accounts_account WHERE id = %s", [alice])
        assert Session.objects.count() == 0
        assert look(browser) == NOBODY

    def test_a_request_under_way_does_not_bring_a_session_back(self, alice: UUID) -> None:
        browser = signed_in(alice)
        answer = browser.get("/vanish/")
        assert answer.status_code == 400
        assert Session.objects.count() == 0
        do_daily_compaction()
        assert not is_in_vault_files("late words")
        assert look(browser) == NOBODY

    def test_signing_out_erases_row_and_content(self, alice: UUID) -> None:
        browser = signed_in(alice)
        key = key_of(browser)
        browser.get("/sign_out/")
        assert kept_anywhere() == (0, 0)
        browser.cookies[django_settings.SESSION_COOKIE_NAME] = key
        assert look(browser) == NOBODY

    def test_another_key_keeps_the_content_and_ends_the_old_one(self, alice: UUID) -> None:
        browser = signed_in(alice)
        browser.get("/write/?note=hello")
        old_key = key_of(browser)
        browser.get("/rotate/")
        assert key_of(browser) != old_key
        assert look(browser) == f"{alice} hello"
        assert kept_anywhere() == (1, 1)

    def test_signing_in_changes_the_key_and_keeps_nothing_under_the_old_one(self, alice: UUID) -> None:
        browser = Client()
        browser.get("/write/?note=before")
        old_key = key_of(browser)
        browser.force_login(Account.objects.get(id=alice), backend=django_settings.AUTHENTICATION_BACKENDS[0])
        assert key_of(browser) != old_key
        assert kept_anywhere() == (1, 1)


class TestStore:
    def store(self, **content: str) -> SessionStore:
        store = SessionStore()
        store.update(content)
        store.save()
        return store

    def test_a_key_in_use_cannot_be_made_anew(self) -> None:
        store = self.store(note="first")
        second = SessionStore(store.session_key)
        second["note"] = "second"
        with pytest.raises(CreateError):
            second.save(must_create=True)
        assert SessionStore(store.session_key)["note"] == "first"

    def test_an_update_of_a_row_that_is_gone_is_refused_and_leaves_nothing(self) -> None:
        store = self.store(note="first")
        Session.objects.all().delete()
        store["note"] = "marked-second"
        with pytest.raises(UpdateError):
            store.save()
        # What it held before stays for the sweep; nothing new is written.
        assert not is_in_vault_files("marked-second")

    def test_an_account_that_goes_between_look_and_update_leaves_no_content(self) -> None:
        store = self.store(note="first")
        store["_auth_user_id"] = str(UUID(int=1))
        with pytest.raises(UpdateError):
            store.save()
        assert SessionData.objects.count() == 0

    def test_a_session_for_an_account_that_is_gone_is_not_made(self) -> None:
        store = SessionStore()
        store["_auth_user_id"] = str(UUID(int=1))
        with pytest.raises(SessionInterrupted):
            store.create()
        assert kept_anywhere() == (0, 0)

    def test_hostile_content_is_kept_as_it_is(self) -> None:
        hostile = "\0 \ud800 <script> \u202e \U0001f600"
        assert SessionStore(self.store(note=hostile).session_key)["note"] == hostile


class TestTime:
    def test_a_signed_in_session_ends_after_six_idle_hours(
        self, alice: UUID, clock: time_machine.Traveller
    ) -> None:
        browser = signed_in(alice)
        clock.shift(6 * HOUR - SECOND)
        assert look(browser) != NOBODY
        clock.shift(6 * HOUR - SECOND)
        assert look(browser) != NOBODY
        clock.shift(6 * HOUR)
        assert look(browser) == NOBODY

    def test_an_anonymous_session_ends_after_15_idle_minutes(self, clock: time_machine.Traveller) -> None:
        browser = Client()
        browser.get("/write/?note=hello")
        clock.shift(15 * MINUTE - SECOND)
        assert look(browser) == "nobody hello"
        clock.shift(15 * MINUTE)
        assert look(browser) == NOBODY

    def test_a_session_that_ran_out_cannot_be_written(self, clock: time_machine.Traveller) -> None:
        store = SessionStore()
        store["note"] = "hello"
        store.save()
        clock.shift(15 * MINUTE)
        with pytest.raises(UpdateError):
            store.save()

    def test_being_seen_is_noted_once_a_minute(self, alice: UUID, clock: time_machine.Traveller) -> None:
        browser = signed_in(alice)
        clock.shift(59 * SECOND)
        look(browser)
        assert row_of(browser).last_seen_at == NINE
        clock.shift(SECOND)
        look(browser)
        row = row_of(browser)
        assert (row.started_at, row.last_seen_at, row.expires_at) == (
            NINE,
            NINE + MINUTE,
            NINE + MINUTE + 6 * HOUR,
        )

    def test_a_page_that_does_not_ask_who_it_is_notes_nothing(
        self, alice: UUID, clock: time_machine.Traveller
    ) -> None:
        browser = signed_in(alice)
        clock.shift(HOUR)
        browser.get("/ignore/")
        assert row_of(browser).last_seen_at == NINE


class TestOwnSessions:
    def known(self, browser: Client, account_id: UUID, now: datetime = NINE) -> list[sessions.KnownSession]:
        return sessions.sessions_of(account_id=account_id, current_key=key_of(browser), now=now)

    def test_a_person_sees_their_sessions(self, alice: UUID, clock: time_machine.Traveller) -> None:
        first, second = signed_in(alice), signed_in(alice)
        signed_in(make_account())
        clock.shift(MINUTE)
        look(second)
        here, there = self.known(second, alice)
        assert (here.is_current, there.is_current) == (True, False)
        assert (here.last_seen_at, there.last_seen_at) == (NINE + MINUTE, NINE)
        assert there.id == digest_of_key(key_of(first))

    def test_where_it_was_seen_is_noted_without_hidden_characters(
        self, alice: UUID, clock: time_machine.Traveller
    ) -> None:
        browser = signed_in(alice)
        clock.shift(MINUTE)
        look(browser)
        (session,) = self.known(browser, alice)
        assert session.network_address == "192.0.2.7"
        assert session.user_agent.startswith("Netscape 4.0x")
        assert len(session.user_agent) == 200

    def test_a_session_that_ran_out_is_not_listed(self, alice: UUID, clock: time_machine.Traveller) -> None:
        browser = signed_in(alice)
        assert self.known(browser, alice, NINE + 6 * HOUR) == []

    def test_a_person_ends_one_of_their_sessions(self, alice: UUID) -> None:
        here, there = signed_in(alice), signed_in(alice)
        assert sessions.end(account_id=alice, session_id=digest_of_key(key_of(there)))
        assert look(there) == NOBODY
        assert look(here) != NOBODY
        assert kept_anywhere() == (1, 1)

    def test_nobody_ends_somebody_elses_session(self, alice: UUID) -> None:
        browser = signed_in(alice)
        assert not sessions.end(account_id=make_account(), session_id=digest_of_key(key_of(browser)))
        assert look(browser) != NOBODY

    def test_a_person_ends_all_other_sessions(self, alice: UUID) -> None:
        here, there, elsewhere = (signed_in(alice) for _ in range(3))
        stranger = signed_in(make_account())
        assert sessions.end_others(account_id=alice, current_key=key_of(here)) == 2
        assert [look(browser) == NOBODY for browser in (here, there, elsewhere, stranger)] == [
            False,
            True,
            True,
            False,
        ]
        assert kept_anywhere() == (2, 2)


class TestSweep:
    def test_what_ran_out_goes(self, alice: UUID, clock: time_machine.Traveller) -> None:
        anonymous, person = Client(), signed_in(alice)
        anonymous.get("/write/?note=hello")
        assert sessions.sweep(now=NINE + 15 * MINUTE - SECOND) == 0
        assert sessions.sweep(now=NINE + 15 * MINUTE + SECOND) == 1
        assert kept_anywhere() == (1, 1)
        assert look(person) != NOBODY
        assert sessions.sweep(now=NINE + 6 * HOUR + SECOND) == 1
        assert kept_anywhere() == (0, 0)

    @pytest.mark.parametrize("is_signed_in", [True, False])
    def test_a_content_without_a_row_goes_after_a_minute(
        self, alice: UUID, clock: time_machine.Traveller, is_signed_in: bool
    ) -> None:
        browser = signed_in(alice) if is_signed_in else Client()
        browser.get("/write/?note=hello")
        Session.objects.all().delete()
        assert sessions.sweep(now=NINE + MINUTE) == 0
        assert sessions.sweep(now=NINE + MINUTE + SECOND) == 1
        assert kept_anywhere() == (0, 0)
