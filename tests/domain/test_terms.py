"""A new version of the terms asks again; leaving never needs agreement (Rule A1)."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client, override_settings
from django.utils import timezone

from adieu.accounts import terms
from adieu.accounts.models import Account, TermsAgreement
from adieu.clusters import operations as clusters
from adieu.clusters.models import Cluster, State
from tests.support.entrance import join_by_browser, send, sign_in
from tests.support.people import join
from tests.support.visitors import enter, found, start_project

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

ALICE = "alice@example.org"


@pytest.fixture
def new_terms(tmp_path: Path) -> Iterator[str]:
    """The operator has written terms of their own."""
    file = tmp_path / "terms.txt"
    file.write_text("Be kind.\n\nPay <nothing>.")
    with override_settings(ADIEU=replace(settings.ADIEU, terms_file=file)):
        yield terms.version()


def test_anybody_can_read_the_terms(client: Client) -> None:
    page = client.get("/terms/").content.decode()
    assert "Terms of this console" in page
    assert terms.version() in page


@pytest.mark.usefixtures("new_terms")
def test_the_operators_terms_stand_in_for_ours_as_plain_text(client: Client) -> None:
    page = client.get("/terms/").content.decode()
    assert "Be kind." in page
    assert "Pay &lt;nothing&gt;." in page


def test_a_new_version_asks_again_and_then_leads_on(new_terms: str, client: Client) -> None:
    join(ALICE, timezone.now())
    sign_in(client, ALICE)
    assert client.get("/account/").status_code == 200
    TermsAgreement.objects.all().delete()
    elsewhere = Client()
    sign_in(elsewhere, ALICE)
    answer = elsewhere.get("/account/")
    assert answer.headers["Location"] == "/terms/agree/?next=%2Faccount%2F"
    assert "Be kind." in elsewhere.get(answer.headers["Location"]).content.decode()
    assert send(elsewhere, "/terms/agree/", {"version": new_terms}).status_code == 422
    agreed = send(elsewhere, "/terms/agree/", {"terms": "on", "version": new_terms, "next": "/account/"})
    assert agreed.headers["Location"] == "/account/"
    assert elsewhere.get("/account/").status_code == 200
    assert TermsAgreement.objects.get().version == new_terms


def test_who_is_signed_in_is_asked_at_the_next_page(tmp_path: Path) -> None:
    browser = join_by_browser(ALICE)
    assert browser.get("/account/").status_code == 200
    file = tmp_path / "terms.txt"
    file.write_text("New.")
    with override_settings(ADIEU=replace(settings.ADIEU, terms_file=file)):
        assert browser.get("/account/").headers["Location"].startswith("/terms/agree/")
        assert browser.post("/account/", {"name": "Alice"}).headers["Location"].startswith("/terms/agree/")


def test_agreement_to_a_text_that_changed_meanwhile_does_not_count(new_terms: str) -> None:
    browser = join_by_browser(ALICE)
    earlier = "0" * 12
    answer = send(browser, "/terms/agree/", {"terms": "on", "version": earlier})
    assert answer.status_code == 422
    assert "have changed once more" in answer.content.decode()
    assert f'value="{new_terms}"' in answer.content.decode()


@pytest.mark.usefixtures("new_terms")
def test_leaving_and_signing_out_need_no_agreement() -> None:
    browser = join_by_browser(ALICE)
    TermsAgreement.objects.all().delete()
    browser.logout()
    browser = Client()
    sign_in(browser, ALICE)
    for page in (
        "/account/deletion/",
        "/account/data/",
        "/accounts/reauthenticate/",
        "/terms/",
        "/terms/agree/",
    ):
        assert browser.get(page).status_code == 200, page
    [card] = browser.get("/account/deletion/").context["cards"]
    assert browser.get(card.blocker.remedies[0].href).status_code == 200
    assert browser.get("/api/v1/account/deletion/preflight").status_code == 200
    # There is no archive yet.
    assert browser.get("/api/v1/account/export").status_code == 404
    refused = browser.get("/api/v1/account")
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:adieu:problem:terms-not-agreed")
    browser.post("/accounts/logout/")
    assert browser.get("/account/").headers["Location"].startswith("/accounts/login/")


@pytest.mark.usefixtures("new_terms")
def test_deleting_a_cluster_on_the_way_out_needs_no_agreement() -> None:
    owner, boss = enter("alice"), enter("bob")
    project_id = start_project(found(owner), owner)
    cluster_id = clusters.create(
        project_id=project_id, account_id=owner.account_id, name="Birds", now=timezone.now()
    )
    TermsAgreement.objects.all().delete()
    pages = (f"/projects/{project_id}/clusters/", f"/clusters/{cluster_id}/")
    assert [owner.get(page).status_code for page in pages] == [200, 200]
    assert owner.post(f"/clusters/{cluster_id}/delete/", name="Birds").status_code == 302
    assert Cluster.objects.get().state == State.DELETING
    assert boss.get(pages[1]).status_code == 404


def test_agreeing_twice_is_agreeing_once() -> None:
    browser = join_by_browser(ALICE)
    for _ in range(2):
        send(browser, "/terms/agree/", {"terms": "on", "version": terms.version()})
    assert TermsAgreement.objects.filter(account=Account.objects.get()).count() == 1
