"""Bringing people together in one organization, as they do it: by invitation, in real browsers."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, expect

from tests.support import walking
from tests.support.people import PASSWORD
from tests.support.served import Served

LINK = re.compile(r"\S+/invitations/\S+")


def create_organization(page: Page, name: str) -> str:
    """Create an organization and give the address of its settings."""
    page.goto("/organizations/create/")
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Create organization").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    return page.url


def invite(page: Page, served: Served, organization: str, address: str) -> str:
    """Invite somebody and give the link that reached them."""
    before = len(served.mailbox.messages)
    page.goto(f"{organization}invitations/")
    page.get_by_label("E-mail addresses").fill(address)
    page.get_by_role("button", name="Send invitations").click()
    expect(page.get_by_text("on its way").first).to_be_visible()
    mail = served.mailbox.wait_for(address, subject_contains="invited", after=before)
    found = LINK.search(mail.text)
    assert found, mail.text
    return found.group()


def accept(page: Page, link: str) -> None:
    """Accept an invitation, signed in already."""
    page.goto(link)
    page.get_by_role("button", name="Accept invitation").click()
    expect(page.get_by_text("You are a member now.")).to_be_visible()


@contextmanager
def newcomer(browser: Browser, served: Served, link: str, address: str) -> Iterator[Page]:
    """Sign up by a link in a browser of one's own, and belong."""
    context = browser.new_context(base_url=served.url, extra_http_headers=served.visitor_headers())
    page = context.new_page()
    page.goto(link)
    page.get_by_role("link", name="Create an account").click()
    page.get_by_label("address").first.fill(address)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Create account").click()
    page.locator("[name=code]").fill(walking.code_in_mail(served, address, about="code"))
    page.get_by_role("button", name="Confirm address").click()
    accept(page, link)
    yield page
    context.close()
