"""`/api/v1/account…`: the same operations, as JSON (RFC 9457 for what goes wrong)."""

import json
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from adieu.accounts.models import Account
from adieu.deletion.consents import TEXTS
from adieu.deletion.models import DeletionRequest
from adieu.deletion.verification import code_of
from adieu.notices.models import Notice
from adieu.tenancy.queries import organizations_of
from tests.support.entrance import join_by_browser
from tests.support.people import settle, work

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

ALICE = "alice@example.org"
BOB = "bob@example.org"


class Api:
    """A client that speaks JSON, with a browser's session and its CSRF token."""

    def __init__(self, browser: Client) -> None:
        self.browser = browser

    def __call__(self, method: str, path: str, body: object = None, **headers: str) -> Any:
        return self.browser.generic(
            method,
            f"/api/v1{path}",
            json.dumps(body) if body is not None else "",
            content_type="application/json",
            headers=headers,
        )


def join(address: str = ALICE, *, is_settled: bool = True) -> tuple[Api, Account]:
    browser = join_by_browser(address)
    account = Account.objects.latest("registered_at")
    if is_settled:
        settle(account.pk, timezone.now())
    return Api(browser), account


def code_for(account: Account) -> str:
    request = DeletionRequest.objects.get(account=account)
    return code_of(request_id=request.id, number=request.verification.number)


def wrong_code_for(account: Account) -> str:
    return "00000000" if code_for(account) != "00000000" else "00000001"


def test_who_am_i() -> None:
    api, account = join()
    answer = api("GET", "/account")
    assert answer.json() == {"id": str(account.pk), "email": ALICE, "name": "", "company": "", "country": ""}


def test_the_whole_way_out() -> None:
    api, account = join()
    assert api("GET", "/account/deletion/preflight").json()["deletable"] is True
    assert api("POST", "/account/deletion", {"reason": "privacy"}).status_code == 201
    sent = api("POST", "/account/deletion/code", {"email": ALICE})
    assert (sent.status_code, set(sent.json())) == (202, {"sent_at", "expires_at"})
    confirmed = api("POST", "/account/deletion/confirm", {"code": code_for(account), "consents": list(TEXTS)})
    assert confirmed.status_code == 202
    assert not Account.objects.filter(pk=account.pk).exists()
    status_url = confirmed.json()["status_url"]
    assert Client().get(status_url).json()["state"] == "erasing"
    work(timezone.now())
    assert Client().get(status_url).json()["state"] == "completed"
    assert api("GET", "/account").status_code == 401


def test_blockers_come_with_their_remedies() -> None:
    api, account = join(is_settled=False)
    organization = organizations_of(account_id=account.pk)[0]
    expected = {
        "code": "sole_organization_owner",
        "subject": {"kind": "organization", "id": str(organization.id), "name": "My organization"},
        "remedies": [{"action": "Delete organization", "href": f"/organizations/{organization.id}/delete/"}],
    }
    preflight = api("GET", "/account/deletion/preflight").json()
    assert (preflight["deletable"], preflight["blockers"]) == (False, [expected])
    refused = api("POST", "/account/deletion", {"reason": "privacy"})
    assert (refused.status_code, refused.json()["blockers"]) == (409, [expected])
    assert refused["Content-Type"] == "application/problem+json"
    assert not DeletionRequest.objects.exists()


def test_the_preflight_names_the_texts_to_agree_to() -> None:
    api, _ = join()
    assert [text["id"] for text in api("GET", "/account/deletion/preflight").json()["consents"]] == list(
        TEXTS
    )


def test_a_wrong_code_tells_how_many_tries_are_left() -> None:
    api, account = join()
    api("POST", "/account/deletion", {"reason": "privacy"})
    api("POST", "/account/deletion/code", {"email": ALICE})
    body = {"code": wrong_code_for(account), "consents": list(TEXTS)}
    answers = [api("POST", "/account/deletion/confirm", body) for _ in range(5)]
    assert [(a.status_code, a.json().get("tries_left")) for a in answers] == [
        (422, 4),
        (422, 3),
        (422, 2),
        (422, 1),
        (410, None),
    ]
    assert Account.objects.filter(pk=account.pk).exists()


def test_another_address_is_refused_and_nothing_is_sent() -> None:
    api, _ = join()
    api("POST", "/account/deletion", {"reason": "privacy"})
    owed = Notice.objects.count()
    answer = api("POST", "/account/deletion/code", {"email": BOB})
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:adieu:problem:not-your-address")
    assert Notice.objects.count() == owed


def test_a_hasty_resend_says_when() -> None:
    api, _ = join()
    api("POST", "/account/deletion", {"reason": "privacy"})
    api("POST", "/account/deletion/code", {"email": ALICE})
    answer = api("POST", "/account/deletion/code", {"email": ALICE})
    assert answer.status_code == 429
    assert 1 <= int(answer["Retry-After"]) <= 60


def test_steps_out_of_order_are_gone() -> None:
    api, _ = join()
    assert api("POST", "/account/deletion/code", {"email": ALICE}).status_code == 410
    body = {"code": "12345678", "consents": list(TEXTS)}
    assert api("POST", "/account/deletion/confirm", body).status_code == 410
    assert api("DELETE", "/account/deletion").status_code == 410


def test_a_change_of_mind() -> None:
    api, account = join()
    api("POST", "/account/deletion", {"reason": "privacy", "comment": "hm"})
    assert api("DELETE", "/account/deletion").status_code == 204
    assert not DeletionRequest.objects.filter(account=account).exists()


@pytest.mark.parametrize(
    ("path", "body"),
    [("/account/deletion", {"reason": "privacy"}), ("/account/deletion/code", {"email": ALICE})],
)
def test_an_old_proof_is_asked_for_again_and_nothing_happens(path: str, body: dict[str, str]) -> None:
    api, _ = join()
    owed = Notice.objects.count()
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        answer = api("POST", path, body)
    assert answer.status_code == 401
    assert answer.json()["type"] == "urn:adieu:problem:reauthentication-required"
    assert answer.json()["reauthenticate_url"].endswith("/accounts/reauthenticate/")
    assert not DeletionRequest.objects.exists()
    assert Notice.objects.count() == owed


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/account"),
        ("GET", "/account/deletion/preflight"),
        ("POST", "/account/deletion"),
        ("POST", "/account/deletion/code"),
        ("POST", "/account/deletion/confirm"),
        ("DELETE", "/account/deletion"),
    ],
)
def test_nobody_without_a_session_gets_in_and_a_bearer_token_is_none(method: str, path: str) -> None:
    for headers in ({}, {"Authorization": "Bearer an-api-key"}):
        answer = Api(Client())(method, path, {}, **headers)
        assert answer.status_code == 401
        assert answer["Content-Type"] == "application/problem+json"


def test_a_foreign_page_cannot_delete_an_account() -> None:
    browser = join_by_browser(ALICE)
    forged = Client(enforce_csrf_checks=True)
    forged.cookies = browser.cookies
    answer = Api(forged)("POST", "/account/deletion", {"reason": "privacy"})
    assert answer.status_code == 403
    assert not DeletionRequest.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "privacy",
        {},
        {"reason": 7},
        {"reason": "privacy", "sudo": True},
        {"reason": "x" * 100_000},
        {"reason": "privacy", "comment": "x" * 100_000},
        {"reason": "because"},
        {"reason": "privacy", "comment": "\0"},
        {"reason": "privacy\r\nBcc: bob@example.org"},
    ],
)
def test_bad_input_is_refused_and_nothing_is_stored(body: object) -> None:
    api, _ = join()
    answer = api("POST", "/account/deletion", body)
    assert answer.status_code in {400, 422}
    assert answer["Content-Type"] == "application/problem+json"
    assert not DeletionRequest.objects.exists()


def test_a_refusal_never_repeats_what_was_sent() -> None:
    api, _ = join()
    answer = api("POST", "/account/deletion", {"reason": {"secret": "hunter2"}})
    assert "hunter2" not in answer.content.decode()


def test_a_method_that_is_not_known_is_a_problem_too() -> None:
    api, _ = join()
    answer = api("PUT", "/account/deletion")
    assert (answer.status_code, answer["Content-Type"]) == (405, "application/problem+json")
    assert set(answer["Allow"].split(", ")) == {"POST", "DELETE"}


def test_the_secret_address_is_not_passed_on() -> None:
    api, account = join()
    api("POST", "/account/deletion", {"reason": "privacy"})
    api("POST", "/account/deletion/code", {"email": ALICE})
    confirmed = api("POST", "/account/deletion/confirm", {"code": code_for(account), "consents": list(TEXTS)})
    shown = Client().get(confirmed.json()["status_url"])
    assert (shown["Referrer-Policy"], shown["X-Robots-Tag"]) == ("no-referrer", "noindex, nofollow")


def test_an_unknown_farewell_is_not_found() -> None:
    answer = Client().get(f"/api/v1/deletions/{'A' * 46}")
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:adieu:problem:deletion-not-found")


def test_the_description_says_how_an_endpoint_refuses() -> None:
    described = Client().get("/api/v1/openapi.json").json()
    assert described["openapi"].startswith("3.1")
    confirm = described["paths"]["/api/v1/account/deletion/confirm"]["post"]
    assert {"202", "409", "410", "422"} <= set(confirm["responses"])
