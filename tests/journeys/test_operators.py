"""What operators see and do, in a real browser (Rule D12)."""

import os
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


def test_without_a_script(page_without_script: Page, served: Served) -> None:
    page, bob = page_without_script, "bob.still@example.org"
    walking.sign_up(page, served, bob)
    operating.prepare(served.settings, bob, "alice.stays.stuck@example.org")
    page.goto("/operators/")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("1 step is tried again.")).to_be_visible()
