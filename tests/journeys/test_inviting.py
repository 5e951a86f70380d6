"""Inviting and being invited, and API keys, in a real browser with real mail (Rules O3, O5)."""

import json
import re
import urllib.request

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support import walking
from tests.support.looking import look_at, quiet
from tests.support.people import PASSWORD
from tests.support.served import Served

LINK = re.compile(r"\S+/invitations/\S+")


def go_to_invitations(page: Page) -> None:
    page.goto("/")
    page.get_by_role("link", name="Settings of My organization").click()
    page.goto(f"{page.url}members/")
    page.get_by_role("link", name="Invite people").click()
    expect(page.get_by_role("heading", name="Invitations")).to_be_visible()


def invite(page: Page, *addresses: str) -> None:
    page.get_by_label("E-mail addresses").fill("\n".join(addresses))
    page.get_by_role("button", name="Send invitations").click()


def link_in_mail(served: Served, address: str) -> str:
    mail = served.mailbox.wait_for(address, subject_contains="invited")
    found = LINK.search(mail.text)
    assert found, mail.text
    return found.group()


def sign_up_by_link(page: Page, served: Served, link: str, address: str) -> None:
    page.goto(link)
    page.get_by_role("link", name="Create an account").click()
    page.get_by_label("address").first.fill(address)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Create account").click()
    page.locator("[name=code]").fill(walking.code_in_mail(served, address, about="code"))
    page.get_by_role("button", name="Confirm address").click()
    expect(page.get_by_role("button", name="Accept invitation")).to_be_visible()


def test_bob_is_invited_signs_up_and_belongs(page: Page, served: Served, browser: Browser) -> None:
    alice, bob = "alice.invites@example.org", "bob.invited@example.org"
    walking.sign_up(page, served, alice)
    with quiet(page):
        go_to_invitations(page)
        look_at(page)
        invite(page, bob, "not an address")
        expect(page.get_by_text("not: This is not an e-mail address").first).to_be_visible()
        look_at(page)
        invite(page, bob, "charlie.invited@example.org")
        expect(page.get_by_text("2 invitations are on their way.")).to_be_visible()
        look_at(page)

    other = browser.new_context(base_url=served.url, extra_http_headers=served.visitor_headers())
    window = other.new_page()
    link = link_in_mail(served, bob)
    with quiet(window):
        window.goto(link)
        look_at(window)
        sign_up_by_link(window, served, link, bob)
        look_at(window)
        window.get_by_role("button", name="Accept invitation").click()
        expect(window.get_by_text("You are a member now.")).to_be_visible()
        window.goto("/")
        expect(window.get_by_role("heading", level=2)).to_have_count(1)
    other.close()

    with quiet(page):
        go_to_invitations(page)
        expect(page.get_by_role("cell", name=bob)).to_have_count(0)
        page.get_by_role("button", name="Revoke").click()
        expect(page.get_by_text("No invitation is pending.")).to_be_visible()


def test_somebody_elses_link_is_refused(page: Page, served: Served, browser: Browser) -> None:
    alice, bob = "alice.sends@example.org", "bob.meant@example.org"
    walking.sign_up(page, served, alice)
    go_to_invitations(page)
    invite(page, bob)
    link = link_in_mail(served, bob)
    other = browser.new_context(base_url=served.url, extra_http_headers=served.visitor_headers())
    window = other.new_page()
    walking.sign_up(window, served, "charlie.curious@example.org")
    with quiet(window):
        window.goto(link)
        expect(window.get_by_role("heading", name="This invitation is for another address")).to_be_visible()
        look_at(window)
        page.get_by_role("button", name="Revoke").click()
        expect(page.get_by_text("The invitation is taken back.")).to_be_visible()
        answer = window.goto(link)
        assert answer is not None
        assert answer.status == 410
        look_at(window)
    other.close()


def test_inviting_without_javascript(page_without_script: Page, served: Served) -> None:
    page, bob = page_without_script, "bob.unscripted@example.org"
    walking.sign_up(page, served, "alice.unscripted@example.org")
    go_to_invitations(page)
    invite(page, bob)
    expect(page.get_by_text("The invitation is on its way.")).to_be_visible()
    link = link_in_mail(served, bob)
    page.locator("summary", has_text="Link").click()
    expect(page.get_by_text(link)).to_be_visible()
    page.context.clear_cookies()
    sign_up_by_link(page, served, link, bob)
    page.get_by_role("button", name="Decline invitation").click()
    expect(page.get_by_text("You declined the invitation.")).to_be_visible()


@pytest.mark.parametrize("has_script", [True, False])
def test_an_api_key_is_made_used_and_revoked(
    page: Page, page_without_script: Page, served: Served, has_script: bool
) -> None:
    window = page if has_script else page_without_script
    alice = f"alice.keys.{has_script}@example.org".lower()
    walking.sign_up(window, served, alice)
    with quiet(window):
        window.get_by_role("navigation", name="Console").get_by_role("link", name="API keys").click()
        if has_script:
            look_at(window)
        window.get_by_label("Name").fill("Nightly import")
        window.get_by_role("button", name="Create API key").click()
        expect(window.get_by_role("heading", name="Your new API key")).to_be_visible()
        key = window.locator(".copyable code").inner_text()
        if has_script:
            look_at(window)
        assert call(served, key)["email"] == alice
        window.get_by_role("link", name="Back to the API keys").click()
        expect(window.get_by_text(key)).to_have_count(0)
        if has_script:
            look_at(window)
        window.get_by_role("link", name="Revoke Nightly import").click()
        window.get_by_role("button", name="Revoke API key").click()
        expect(window.get_by_text("The key is revoked.")).to_be_visible()
    with pytest.raises(urllib.error.HTTPError, match="401"):
        call(served, key)
    assert key not in served.log


def call(served: Served, key: str) -> dict[str, str]:
    request = urllib.request.Request(
        f"{served.url}/api/v1/account",
        headers={"Authorization": f"Bearer {key}", **served.visitor_headers()},
    )
    with urllib.request.urlopen(request) as answer:
        told: dict[str, str] = json.load(answer)
    return told
