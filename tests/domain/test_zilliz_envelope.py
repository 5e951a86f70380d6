"""All that is under `/v2` answers in one envelope, whoever calls and whatever is sent, never with a page."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import time_machine
from django.db import OperationalError, connections
from django.test import Client
from django.utils import timezone

from adieu.accounts.models import Account, TermsAgreement
from adieu.api.v2.elsewhere import NOT_HERE
from adieu.api.v2.service import api
from adieu.clusters.models import Cluster
from adieu.tenancy import members
from adieu.tenancy.models import Organization, Project
from tests.support.visitors import Visitor, admit, enter, found
from tests.support.zilliz_calls import Zilliz, code_of, with_key

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])
ID = "in01-0123456789abcde"


@pytest.fixture
def alice() -> Visitor:
    return enter("alice")


@pytest.fixture
def school(alice: Visitor) -> UUID:
    return found(alice)


@pytest.fixture
def zilliz(alice: Visitor, school: UUID) -> Zilliz:
    return with_key(alice.account_id, school)


def routes() -> list[tuple[str, str]]:
    """Give every route there is, with ids of nothing."""
    paths = api.get_openapi_schema()["paths"].items()
    known = [
        (method.upper(), path.removeprefix("/v2").format(project_id="proj-x", cluster_id=ID, rest="nowhere"))
        for path, item in paths
        for method in item
    ]
    assert len(known) >= 18
    return known


def test_without_a_key_nobody_is_let_in(alice: Visitor) -> None:
    for method, path in routes():
        is_shut(alice, method, path)


def is_shut(alice: Visitor, method: str, path: str) -> None:
    headers = [{}, {"Authorization": "Bearer "}, {"Authorization": "Basic YWxpY2U6eA=="}]
    headers += [{"Authorization": f"Bearer {'adieu_' + 'A' * 43}"}, {"Authorization": "Bearer é"}]
    # A session counts for nothing.
    for browser in (Client(), alice.browser):
        for header in headers:
            answer = browser.generic(
                method, f"/v2{path}", b"{}", content_type="application/json", headers=header
            )
            assert (answer.status_code, code_of(answer)) == (401, 21119), header


def test_a_key_that_ended_is_no_key(alice: Visitor, school: UUID, zilliz: Zilliz) -> None:
    bob = enter("bob")
    admit(school, bob)
    his = with_key(bob.account_id, school)
    his.gets("GET", "/projects")
    members.remove_member(
        organization_id=school, account_id=alice.account_id, member_id=bob.account_id, now=timezone.now()
    )
    short = with_key(alice.account_id, school, expires_at=timezone.now() + timedelta(hours=1))
    with time_machine.travel(timezone.now() + timedelta(hours=2)):
        assert code_of(short.call("GET", "/projects")) == 21119
    assert code_of(his.call("GET", "/projects")) == 21119
    Account.objects.filter(id=alice.account_id).update(locked_at=timezone.now())
    assert code_of(zilliz.call("GET", "/projects")) == 21119


def test_whoever_has_not_agreed_to_new_terms_is_told_so(zilliz: Zilliz, alice: Visitor) -> None:
    TermsAgreement.objects.all().delete()
    # The second with a session beside the key, which leads no page to another.
    for each in (zilliz, Zilliz(zilliz.secret, alice.browser)):
        answer = each.call("GET", "/projects")
        assert (answer.status_code, code_of(answer)) == (200, 70014)
        assert "agree" in answer.json()["message"]


NOWHERE = [
    "",
    "/",
    "/nowhere",
    "/clusters/",
    f"/clusters/{ID}/nowhere",
    "/projects/proj-x/",
    "/account",
    "//",
    "/%00",
]


def test_an_address_that_is_none_says_so(zilliz: Zilliz) -> None:
    for path in NOWHERE:
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            answer = zilliz.call(method, path)
            assert (answer.status_code, code_of(answer)) == (404, 70002), (method, path)


def test_a_method_that_an_address_does_not_know_says_so(zilliz: Zilliz) -> None:
    for method, path in routes():
        for other in ("OPTIONS", "TRACE", "BREW"):
            answer = zilliz.call(other, path)
            assert (answer.status_code, code_of(answer)) == (405, 70003), other
            assert method in answer["Allow"]


def test_what_zilliz_has_and_adieu_has_not_says_so(zilliz: Zilliz) -> None:
    for beginning, message in NOT_HERE.items():
        path = "/" + "/".join(beginning).replace("*", ID)
        for method, asked in (
            ("GET", path),
            ("PUT", path),
            ("POST", f"{path}/create"),
            ("DELETE", f"{path}/x"),
        ):
            answer = zilliz.call(method, asked)
            assert (answer.status_code, code_of(answer)) == (200, 70001), asked
            assert answer.json()["message"] == message


def test_no_account_is_deleted_here(zilliz: Zilliz, alice: Visitor) -> None:
    for method in ("DELETE", "POST"):
        for path in (
            "/account",
            "/account/deletion",
            "/account/deletion/confirm",
            f"/users/{alice.account_id}",
        ):
            assert code_of(zilliz.call(method, path, {})) in {70001, 70002}
    assert Account.objects.filter(id=alice.account_id).exists()


def with_bodies() -> list[str]:
    return ["/projects", *(f"/clusters/create{way}" for way in ("Free", "Serverless", "Dedicated"))]


BROKEN: dict[str, bytes] = {
    "cut off": b'{"clusterName": "Bir',
    "no UTF-8": b'{"clusterName": "\xff"}',
    "deep": b"[" * 20_000,
    "a page": b"<html></html>",
    "a form": b"clusterName=Birds&projectName=Birds",
}
WRONG: dict[str, bytes] = {
    "nothing": b"",
    "null": b"null",
    "a list": b"[]",
    "a word": b'"Birds"',
    "an empty object": b"{}",
    "numbers": b'{"clusterName": 1, "projectName": 1, "projectId": 1}',
    "lists": b'{"clusterName": ["a"], "projectName": ["a"], "projectId": ["a"]}',
    "objects": b'{"clusterName": {}, "projectName": {}, "projectId": {}}',
    "half a character": b'{"clusterName": "\\ud800", "projectName": "\\ud800", "projectId": "x"}',
    "a large number": b'{"clusterName": %s, "projectName": 1e999}' % (b"9" * 5000),
    "long texts": json.dumps(
        {"clusterName": "x" * 9000, "projectName": "x" * 9000, "projectId": "x"}
    ).encode(),
}


@pytest.mark.parametrize("path", with_bodies())
def test_a_body_that_is_broken_makes_nothing(zilliz: Zilliz, path: str) -> None:
    for name, sent in BROKEN.items():
        answer = zilliz.call("POST", path, raw=sent)
        assert (answer.status_code, code_of(answer)) == (400, 80000), name
    assert nothing_was_made()


@pytest.mark.parametrize("path", with_bodies())
def test_a_body_of_another_form_makes_nothing_and_is_not_repeated(zilliz: Zilliz, path: str) -> None:
    for name, sent in WRONG.items():
        answer = zilliz.call("POST", path, raw=sent)
        assert answer.status_code in {200, 400}, name
        assert code_of(answer) == 80000, name
        assert len(answer.content) < 200, name
    assert nothing_was_made()


def nothing_was_made() -> bool:
    return (Cluster.objects.count(), Project.objects.count(), Organization.objects.count()) == (0, 2, 2)


@pytest.mark.parametrize("path", with_bodies())
def test_what_is_too_large_is_not_read(zilliz: Zilliz, path: str) -> None:
    answer = zilliz.call("POST", path, raw=b'{"clusterName": "' + b"x" * 300_000)
    assert (answer.status_code, code_of(answer)) == (413, 70015)


IDS = [
    "proj-",
    "x",
    "'; --",
    "%00",
    "%0a",
    "..",
    "é",
    "鳥",
    "0" * 5000,
    "*",
    "in03-0123456789abcde",
    f"{ID}0",
]


def test_an_id_that_is_none_leads_to_nothing(zilliz: Zilliz) -> None:
    for id_ in IDS:
        leads_to_nothing(zilliz, id_)


def leads_to_nothing(zilliz: Zilliz, id_: str) -> None:
    asked = [("GET", f"/projects/{id_}"), ("DELETE", f"/projects/{id_}"), ("GET", f"/clusters/{id_}")]
    asked += [("POST", f"/clusters/{id_}/{what}") for what in ("suspend", "resume", "drop")]
    asked += [("DELETE", f"/clusters/{id_}/drop")]
    for method, path in asked:
        answer = zilliz.call(method, path)
        assert answer.status_code in {200, 404}
        assert code_of(answer) in {96005, 96018, 70002}, path
        assert id_ not in answer.json()["message"] or len(id_) < 3


@pytest.mark.parametrize(("error", "status"), [(RuntimeError, 500), (OperationalError, 503)])
def test_a_fault_stays_in_the_envelope(zilliz: Zilliz, error: type[Exception], status: int) -> None:
    def fail(_execute: object, statement: str, *_: object) -> None:
        raise error(statement)

    with connections["default"].execute_wrapper(fail):
        answer = zilliz.call("GET", "/projects")
    assert (answer.status_code, code_of(answer)) == (status, 70016)
    assert b"SELECT" not in answer.content
    assert int(answer["Content-Length"]) == len(answer.content)


def test_what_is_not_under_v2_keeps_its_form(alice: Visitor) -> None:
    ask: Callable[..., Any] = alice.browser.get
    assert ask("/v2x")["Content-Type"].startswith("text/html")
    assert ask("/api/v1/nowhere")["Content-Type"] == "application/problem+json"
