"""What operators see and do, in a real browser (Rule D12)."""

import os
import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.support import operating, walking
from tests.support.looking import look_at, quiet
from tests.support.served import Served


def picture(page: Page, name: str) -> None:
    folder = os.environ.get("LOOK_FOLDER")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def test_a_stuck_deletion_is_seen_and_tried_again(page: Page, served: Served) -> None:
    bob = "bob.operates@example.org"
    walking.sign_up(page, served, bob)
    operating.prepare(served.settings, bob, "alice.sticks@example.org")
    with quiet(page):
        page.goto("/")
        page.locator(".menu-profile > summary").click()
        page.get_by_role("link", name="For operators").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Deletions")
        look_at(page)
        picture(page, "deletions-dark")
        page.emulate_media(color_scheme="light")
        picture(page, "deletions-light")
        page.set_viewport_size({"width": 360, "height": 740})
        picture(page, "deletions-phone")
        page.get_by_role("button", name="Try again").click()
        expect(page.get_by_text("1 step is tried again.")).to_be_visible()
        expect(page.get_by_role("heading", name="Stuck")).to_be_hidden()
        page.get_by_role("link", name="Operator log").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Operator log")
        look_at(page)
        picture(page, "log-dark")
        page.emulate_media(color_scheme="light")
        page.set_viewport_size({"width": 360, "height": 740})
        picture(page, "log-phone")


def leave_an_office(served: Served, page: Page, alice: str) -> None:
    """Let Alice sign up, which gives her an organization of her own, and sign out."""
    walking.sign_up(page, served, alice)
    page.context.clear_cookies()


def find(page: Page, address: str) -> None:
    page.goto("/operators/")
    page.get_by_role("link", name="Delete an account").click()
    page.locator("[name=email]").fill(address)
    page.get_by_role("button", name="Find account").click()


def test_an_account_is_deleted_on_request(page: Page, served: Served) -> None:
    bob, alice = "bob.answers.letters@example.org", "alice.writes.a.letter@example.org"
    leave_an_office(served, page, alice)
    walking.sign_up(page, served, bob)
    operating.prepare(served.settings, bob)
    before = len(served.mailbox.messages)
    with quiet(page):
        find(page, "nobody@example.org")
        expect(page.get_by_role("alert")).to_contain_text("There is no such account.")
        look_at(page)
        picture(page, "find-dark")
        find(page, alice)
        expect(page.get_by_role("heading", level=1)).to_have_text(f"Delete {alice}")
        expect(page.get_by_role("heading", name="My organization")).to_be_visible()
        look_at(page)
        picture(page, "delete-dark")
        page.get_by_role("button", name="Delete account").click()
        expect(page.get_by_role("alert")).to_contain_text("Say what becomes of it")
        look_at(page)
        page.emulate_media(color_scheme="light")
        picture(page, "delete-light-errors")
        page.set_viewport_size({"width": 360, "height": 740})
        picture(page, "delete-phone-errors")
        page.get_by_label("The person asked for it").check()
        page.get_by_label("Somebody takes it over").check()
        page.locator("[name=heir]").fill(bob)
        page.locator("[name=email]").fill(bob)
        page.get_by_role("button", name="Delete account").click()
        expect(page.get_by_role("alert")).to_contain_text("not an address of that account")
        page.locator("[name=email]").fill(alice)
        page.get_by_role("button", name="Delete account").click()
        expect(page.get_by_text("The account is gone.")).to_be_visible()
        told = served.mailbox.wait_for(alice, subject_contains="has been deleted", after=before)
        assert "The people who run this console deleted it." in told.text
        served.mailbox.wait_for(bob, subject_contains="You are owner of", after=before)
        page.get_by_role("link", name="Operator log").click()
        expect(page.get_by_role("row").nth(1)).to_contain_text("The person asked for it")
        look_at(page)
        picture(page, "log-after")
        farewell = re.search(r"/deletions/[^/\s]+/", told.text)
        assert farewell
        page.goto(farewell[0])
        expect(page.get_by_text("The people who run this console deleted it.")).to_be_visible()
        look_at(page)
        picture(page, "farewell")


def test_an_account_is_deleted_without_a_script(page_without_script: Page, served: Served) -> None:
    page, bob, alice = page_without_script, "bob.reads.letters@example.org", "alice.has.no.script@example.org"
    leave_an_office(served, page, alice)
    walking.sign_up(page, served, bob)
    operating.prepare(served.settings, bob)
    find(page, alice)
    page.get_by_label("The law demands it").check()
    page.get_by_label("Delete it with all that is in it").check()
    page.locator("[name=email]").fill(alice)
    page.get_by_role("button", name="Delete account").click()
    expect(page.get_by_text("The account is gone.")).to_be_visible()


def test_without_a_script(page_without_script: Page, served: Served) -> None:
    page, bob = page_without_script, "bob.still@example.org"
    walking.sign_up(page, served, bob)
    operating.prepare(served.settings, bob, "alice.stays.stuck@example.org")
    page.goto("/operators/")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("1 step is tried again.")).to_be_visible()
