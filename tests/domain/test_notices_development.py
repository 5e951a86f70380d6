"""Without a mail server, mail is read in the console, on this machine only."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.test import Client
from pytest_django import Settings

from adieu.kit.setting_values import SmtpServer as SmtpSetting
from adieu.notices import development
from adieu.notices.composing import Composed
from adieu.notices.delivery import deliver_due
from adieu.notices.development import DevelopmentMailbox
from adieu.notices.envelopes import envelope
from adieu.notices.models import Notice, NoticeState
from adieu.notices.operations import owe_mail
from adieu.notices.rendering import render
from adieu.notices.sweeps import sweep
from adieu.vault import operations as vault
from tests.support.vault_files import bytes_of

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

ALICE = "Alice@example.org"


@pytest.fixture
def browser() -> Client:
    return Client(HTTP_HOST="localhost")


def send(address: str, now: datetime, *, subject: str = "Your code", code: str | None = "12345678") -> UUID:
    text, html = render(subject, ["Enter this code.", "It works for 10 minutes."], code=code)
    notice_id = owe_mail(
        kind="test.code",
        address=address,
        subject=subject,
        text=text,
        html=html,
        now=now,
        give_up_after=timedelta(days=5),
    )
    assert deliver_due(now=now, mailer=DevelopmentMailbox(alias="default")) == 1
    return notice_id


def test_mail_stays_in_the_mailbox_newest_first_and_a_second_copy_is_the_same_one(now: datetime) -> None:
    first = send(ALICE, now)
    second = send(ALICE, now + timedelta(minutes=1), subject="Another code")
    Notice.objects.filter(id=first).update(state=NoticeState.OWED, settled_at=None)

    assert [message.id for message in development.messages()] == [second, first]
    message = development.message(first)
    assert (message.address, message.subject, message.code) == (ALICE, "Your code", "12345678")


def test_a_copy_that_comes_twice_is_kept_once(now: datetime) -> None:
    composed = Composed(ALICE, "Hello", "a", "<p>a</p>")
    notice_id = uuid4()
    for _ in range(2):
        mail = envelope(notice_id=notice_id, composed=composed, now=now)
        DevelopmentMailbox(alias="default").send_messages([mail])
    assert [message.id for message in development.messages()] == [notice_id]


def test_once_the_account_is_gone_only_the_farewell_stays_and_tells_nobody(now: datetime) -> None:
    account_id, token = uuid4(), f"marked{uuid4().hex}"
    vault.put(account_id=account_id, address=f"{token}@example.org", now=now)
    send(f"{token}@Example.ORG", now)
    farewell = send(f"{token}@example.org", now, subject="Your account has been deleted", code=None)
    neighbour = send("charlie@example.org", now)

    development.forget(account_id=account_id, kept=farewell)
    vault.erase(account_id=account_id)
    vault.checkpoint()

    assert {message.id for message in development.messages()} == {farewell, neighbour}
    assert development.message(farewell).address == ""
    assert token.encode() not in bytes_of("vault")
    # Again after a kill: there is no entry any more, and nothing happens.
    development.forget(account_id=account_id, kept=farewell)
    assert development.message(neighbour).address == "charlie@example.org"


def test_mail_goes_after_a_day(now: datetime) -> None:
    send(ALICE, now)
    sweep(now=now + timedelta(hours=23))
    assert development.messages()
    sweep(now=now + timedelta(hours=25))
    assert not development.messages()


def test_the_pages_show_what_came(browser: Client, now: datetime) -> None:
    empty = browser.get("/development/mailbox/")
    assert empty.status_code == 200
    assert "No mail yet" in empty.content.decode()

    send(ALICE, now, subject="<b>Your</b> code")
    listed = browser.get("/development/mailbox/").content.decode()
    assert "&lt;b&gt;Your&lt;/b&gt; code" in listed
    assert "12345678" in listed
    assert ALICE in listed

    message_id = development.messages()[0].id
    shown = browser.get(f"/development/mailbox/{message_id}/")
    assert "It works for 10 minutes." in shown.content.decode()
    assert shown["Cache-Control"] == "no-store"
    as_html = browser.get(f"/development/mailbox/{message_id}/html/")
    assert "<h1" in as_html.content.decode()
    assert "sandbox" in as_html["Content-Security-Policy"]
    assert "'unsafe-inline'" not in shown["Content-Security-Policy"]


@pytest.mark.parametrize("page", ["", "{id}/", "{id}/html/"])
def test_nobody_else_sees_the_pages(browser: Client, now: datetime, page: str) -> None:
    url = "/development/mailbox/" + page.format(id=send(ALICE, now))
    assert browser.get(url, REMOTE_ADDR="::1").status_code == 200
    for stranger in ("192.0.2.7", "10.0.0.1", "2001:db8::1", ""):
        assert browser.get(url, REMOTE_ADDR=stranger).status_code == 404


@pytest.mark.parametrize("page", ["", "{id}/", "{id}/html/"])
def test_there_are_no_pages_where_mail_goes_out(
    browser: Client, now: datetime, page: str, settings: Settings
) -> None:
    url = "/development/mailbox/" + page.format(id=send(ALICE, now))
    settings.ADIEU = replace(settings.ADIEU, smtp_url=SmtpSetting(host="mail.example.org", port=25))
    assert browser.get(url).status_code == 404


def test_a_message_that_is_not_there_is_not_found(browser: Client) -> None:
    assert browser.get(f"/development/mailbox/{uuid4()}/").status_code == 404
