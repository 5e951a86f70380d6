"""Walking through the console as a person does, in a real browser with real mail."""

import re

from playwright.sync_api import Page, expect

from tests.support.people import PASSWORD
from tests.support.served import Served

CODE = re.compile(r"\b\d{8}\b|\b\d{4} \d{4}\b")


def code_in_mail(served: Served, address: str, *, about: str, after: int = 0) -> str:
    """Wait for a mail and read the code in it."""
    mail = served.mailbox.wait_for(address, subject_contains=about, after=after)
    found = CODE.search(mail.text)
    assert found, mail.text
    return found.group().replace(" ", "")


def sign_up(page: Page, served: Served, address: str) -> None:
    """Sign up with an address and the code that comes by mail; ends on the overview."""
    page.goto("/accounts/signup/")
    page.get_by_label("address").first.fill(address)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("checkbox").check()
    # Another journey may have written to the same address before.
    before = len(served.mailbox.messages)
    page.get_by_role("button", name="Create account").click()
    page.locator("[name=code]").fill(code_in_mail(served, address, about="code", after=before))
    page.get_by_role("button", name="Confirm address").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()


def sign_in(page: Page, address: str, password: str = PASSWORD) -> None:
    """Fill in the sign-in form and send it."""
    page.goto("/accounts/login/")
    page.locator("[name=login]").fill(address)
    page.locator("[name=password]").fill(password)
    page.get_by_role("button", name="Sign in").click()


def delete_organization_in_the_way(page: Page, name: str = "My organization") -> None:
    """From the first page of the way out: use the remedy, and come back."""
    page.get_by_role("link", name="Delete organization").first.click()
    page.get_by_role("textbox").fill(name)
    page.get_by_role("button", name="Delete organization").click()
    expect(page).to_have_url(re.compile("/account/deletion/$"))


def say_why(page: Page, comment: str = "") -> None:
    """From the first page of the way out, through feedback, to the page that confirms."""
    page.get_by_role("link", name="Next").click()
    page.get_by_label("Privacy").check()
    page.get_by_role("textbox").fill(comment)
    page.get_by_role("button", name="Next").click()
    expect(page).to_have_url(re.compile("/account/deletion/confirm/$"))


def have_code_sent(page: Page, served: Served, address: str) -> str:
    """Type the address, have the code sent, and read it."""
    page.locator("[name=email]").fill(address)
    before = len(served.mailbox.messages)
    page.get_by_role("button", name=re.compile("Send (verification|a new) code")).click()
    return code_in_mail(served, address, about="delete your account", after=before)


def tick_every_box(page: Page) -> None:
    """Tick what has to be ticked by hand."""
    for box in page.locator("[name=consents]").all():
        box.check()


def enter_deletion_code(page: Page, code: str) -> None:
    """Enter a code with every box ticked, and go on."""
    page.locator("[name=code]").fill(code)
    tick_every_box(page)
    page.get_by_role("button", name="Next").click()


def leave(page: Page, served: Served, address: str) -> str:
    """Go the whole way out; give the address of the farewell page."""
    page.goto("/account/deletion/")
    delete_organization_in_the_way(page)
    say_why(page)
    enter_deletion_code(page, have_code_sent(page, served, address))
    expect(page).to_have_url(re.compile("/deletions/"))
    return page.url
