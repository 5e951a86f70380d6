"""The overview and the pages of an organization (Rules O4, O6)."""

import uuid
from uuid import UUID

import pytest
from django.test import Client
from django.utils import timezone

from adieu.tenancy.models import Organization, OrganizationMembership, Role
from adieu.tenancy.operations import create_organization
from adieu.tenancy.queries import organizations_of
from tests.support.entrance import sign_in
from tests.support.people import join

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

ALICE = "alice@example.org"
BOB = "bob@example.org"
RESEARCH = "Research & <b>Co</b>"


def enter(address: str) -> tuple[Client, UUID]:
    """Join and sign in."""
    account_id = join(address, timezone.now())
    browser = Client()
    sign_in(browser, address)
    return browser, account_id


def make(owner: UUID, name: str = RESEARCH) -> UUID:
    return create_organization(account_id=owner, name=name, now=timezone.now())


def delete_page(organization_id: UUID) -> str:
    return f"/organizations/{organization_id}/delete/"


def add_member(organization_id: UUID, account_id: UUID) -> None:
    OrganizationMembership.objects.create(
        organization_id=organization_id, account_id=account_id, role=Role.MEMBER, joined_at=timezone.now()
    )


@pytest.mark.parametrize("page", ["/", "/organizations/create/", f"/organizations/{uuid.uuid4()}/"])
def test_pages_ask_strangers_to_sign_in(page: str) -> None:
    assert Client().get(page).headers["Location"].startswith("/accounts/login/?next=")


def test_the_overview_shows_organizations_with_their_projects() -> None:
    browser, alice = enter(ALICE)
    make(alice)
    shown = browser.get("/").content.decode()
    assert "My organization" in shown
    assert "Default Project" in shown
    assert "Research &amp; &lt;b&gt;Co&lt;/b&gt;" in shown
    assert "<b>Co</b>" not in shown


def test_who_has_no_organization_can_create_one() -> None:
    join(ALICE, timezone.now(), is_welcomed=False)
    browser = Client()
    sign_in(browser, ALICE)
    Organization.objects.all().delete()
    shown = browser.get("/")
    assert "You belong to no organization" in shown.content.decode()
    created = browser.post("/organizations/create/", {"name": "  Night school  "})
    assert "Night school" in browser.get(created.headers["Location"]).content.decode()


@pytest.mark.parametrize("name", ["", " ", "a" * 65, "a" * 10_000, "a\x00b", "a\u202eb", "a\u200bb", "a\nb"])
def test_names_that_cannot_be_read_are_refused(name: str) -> None:
    browser, alice = enter(ALICE)
    refused = browser.post("/organizations/create/", {"name": name})
    assert refused.status_code == 422
    assert 'aria-invalid="true"' in refused.content.decode()
    assert len(organizations_of(account_id=alice)) == 1


def test_an_organization_of_others_does_not_exist() -> None:
    _, alice = enter(ALICE)
    bobs, _ = enter(BOB)
    organization_id = make(alice)
    for page in (f"/organizations/{organization_id}/", delete_page(organization_id)):
        assert bobs.get(page).status_code == 404
    assert bobs.post(delete_page(organization_id), {"name": RESEARCH}).status_code == 404
    assert Organization.objects.filter(id=organization_id).exists()


def test_members_see_it_and_cannot_delete_it() -> None:
    _, alice = enter(ALICE)
    bobs, bob = enter(BOB)
    organization_id = make(alice)
    add_member(organization_id, bob)
    shown = bobs.get(f"/organizations/{organization_id}/").content.decode()
    assert delete_page(organization_id) not in shown
    assert bobs.get(delete_page(organization_id)).status_code == 403
    assert bobs.post(delete_page(organization_id), {"name": RESEARCH}).status_code == 403
    assert Organization.objects.filter(id=organization_id).exists()


def test_it_goes_when_its_name_was_typed() -> None:
    browser, alice = enter(ALICE)
    organization_id = make(alice)
    page = delete_page(organization_id)
    assert browser.get(page).status_code == 200
    assert Organization.objects.filter(id=organization_id).exists()
    for wrong in ("", "research & <b>co</b>", "My organization"):
        assert browser.post(page, {"name": wrong}).status_code == 422
    assert Organization.objects.filter(id=organization_id).exists()
    assert browser.post(page, {"name": RESEARCH}).headers["Location"] == "/"
    assert not Organization.objects.filter(id=organization_id).exists()


def test_the_name_may_be_typed_with_accents_apart() -> None:
    browser, alice = enter(ALICE)
    organization_id = make(alice, "Café")
    assert browser.post(delete_page(organization_id), {"name": "Cafe\u0301"}).status_code == 302


def test_who_comes_from_the_way_out_goes_back_to_it() -> None:
    browser, alice = enter(ALICE)
    page = delete_page(make(alice))
    asked = browser.get(page, {"next": "/account/deletion/"}).content.decode()
    assert 'name="next" value="/account/deletion/"' in asked
    sent = {"name": RESEARCH, "next": "/account/deletion/"}
    assert browser.post(page, sent).headers["Location"] == "/account/deletion/"


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/", "//evil.example/", "/\\evil.example/", "javascript:alert(1)", "evil", "\x00/"],
)
def test_it_goes_back_to_no_other_site(elsewhere: str) -> None:
    browser, alice = enter(ALICE)
    page = delete_page(make(alice))
    sent = browser.post(page, {"name": RESEARCH, "next": elsewhere})
    assert sent.headers["Location"] == "/"
    chosen = browser.post("/appearance/", {"appearance": "dark", "next": elsewhere})
    assert chosen.headers["Location"] == "/"


def test_the_appearance_is_kept_and_nothing_else_is_taken_for_one() -> None:
    browser = Client()
    assert 'data-appearance="system"' in browser.get("/accounts/login/").content.decode()
    browser.post("/appearance/", {"appearance": "dark", "next": "/accounts/login/"})
    assert 'data-appearance="dark"' in browser.get("/accounts/login/").content.decode()
    assert browser.get("/appearance/").status_code == 405
    assert browser.post("/appearance/", {"appearance": '"><script>'}).status_code == 400
    browser.cookies["appearance"] = '"><script>'
    assert 'data-appearance="system"' in browser.get("/accounts/login/").content.decode()


def test_an_address_that_leads_nowhere_says_so() -> None:
    missing = Client().get("/nothing/here/")
    assert missing.status_code == 404
    assert "There is nothing here" in missing.content.decode()
    assert Client().get("/api/nothing").headers["Content-Type"] == "application/problem+json"


def test_an_old_form_is_refused_in_our_words() -> None:
    browser, _ = enter(ALICE)
    strict = Client(enforce_csrf_checks=True)
    assert "This form is too old" in strict.post("/accounts/login/").content.decode()
    strict.cookies = browser.cookies
    strict.cookies["session"] = "0" * 32
    ended = strict.post("/organizations/create/", {"name": "Research"})
    assert ended.status_code == 403
    assert "Your session has ended" in ended.content.decode()
