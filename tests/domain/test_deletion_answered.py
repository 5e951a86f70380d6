"""Whoever passed the point of no return learns where to look, whatever goes away just then (Rule D10)."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from django.db import OperationalError, connections
from django.test import Client

from adieu.accounts.models import Account
from adieu.deletion.consents import TEXTS
from adieu.kit.crashing import installed
from tests.support.entrance import code_to, join_by_browser, send
from tests.support.people import settle

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

ALICE = "alice@example.org"


@pytest.fixture
def browser() -> Client:
    """Alice's, with a code."""
    browser = join_by_browser(ALICE)
    account = Account.objects.get()
    settle(account.pk, account.registered_at)
    send(browser, "/account/deletion/feedback/", {"reason": "privacy", "comment": ""})
    send(browser, "/account/deletion/code/", {"email": ALICE})
    return browser


@pytest.fixture(params=["default", "vault"])
def _away(request: pytest.FixtureRequest) -> Iterator[None]:
    """A database that answers nothing any more from the commit on."""

    def refuse(*_: Any) -> None:
        raise OperationalError

    with ExitStack() as outage:

        def take_away(point: str) -> None:
            if point == "crossing.committed":
                outage.enter_context(connections[request.param].execute_wrapper(refuse))

        with installed(take_away):
            yield


@pytest.mark.usefixtures("_away")
def test_the_page_leads_to_the_farewell(browser: Client) -> None:
    answer = send(browser, "/account/deletion/confirm/", {"code": code_to(ALICE), "consents": list(TEXTS)})
    assert (answer.status_code, answer["Location"][:11]) == (302, "/deletions/")
    assert browser.cookies["session"].value == ""


@pytest.mark.usefixtures("_away")
def test_the_rest_api_gives_the_address_to_ask(browser: Client) -> None:
    body = json.dumps({"code": code_to(ALICE), "consents": list(TEXTS)})
    answer = browser.post("/api/v1/account/deletion/confirm", body, content_type="application/json")
    assert answer.status_code == 202, answer.content
    assert "/deletions/" in answer.json()["status_url"]
    assert browser.cookies["session"].value == ""
