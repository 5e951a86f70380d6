"""Somebody takes their data along: a real worker, a real browser, a real file (GDPR, Articles 15 and 20)."""

import os
import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.support import walking
from tests.support.archives import Opened, opened
from tests.support.files import files_with
from tests.support.looking import PHONE, look_at, quiet
from tests.support.served import Served

GONE = "Your account has been deleted"
VAULT = {"vault.sqlite3", "vault.sqlite3-wal"}
# So that somebody can look at the pages, too.
PICTURES = os.environ.get("PICTURES")


def take_picture(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=str(Path(PICTURES) / f"{name}.png"), full_page=True)


def download(page: Page) -> Opened:
    with page.expect_download() as downloading:
        page.get_by_role("link", name="Download archive").click()
    assert downloading.value.suggested_filename == "adieu-data.zip"
    return opened(downloading.value.path().read_bytes())


def test_alice_takes_her_data_along_and_leaves(page: Page, served: Served) -> None:
    alice, name = "alice.archives@example.org", "Alicia Archivaria"
    walking.sign_up(page, served, alice)
    with quiet(page):
        page.goto("/account/")
        page.get_by_label("Name").fill(name)
        page.get_by_role("button", name="Save profile").click()
        page.get_by_role("link", name="Download my data").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Your data")
        look_at(page)
        take_picture(page, "archive-none-desk-dark")
        page.get_by_role("button", name="Prepare archive").click()
        expect(page.locator("[data-reload]")).to_be_hidden()
        # It comes by itself.
        expect(page.get_by_text("Your archive is ready")).to_be_visible(timeout=20_000)
        look_at(page)
        take_picture(page, "archive-ready-desk-dark")
        page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        take_picture(page, "archive-ready-phone-dark")
        archive = download(page)
    assert [row["name"] for row in archive.json["profile"]] == [name]
    assert archive.csv["profile"][0]["address"] == alice
    assert "Chrome" in archive.json["sessions"][0]["user_agent"]
    told = served.mailbox.wait_for(alice, subject_contains="archive of your data")
    assert "Not you?" in told.text
    assert files_with(served.data_dir, name) <= VAULT

    walking.leave(page, served, alice)
    expect(page.get_by_text("Erase the archive of your data")).to_be_visible()
    take_picture(page, "archive-farewell")
    expect(page.get_by_role("heading", name=GONE)).to_be_visible(timeout=20_000)
    expect(page.locator(".progress-step:not(.progress-done)")).to_have_count(0, timeout=20_000)
    assert files_with(served.data_dir, name) == set()
    assert files_with(served.data_dir, alice) == set()
    assert name not in served.log


def test_on_the_way_out_without_javascript(page_without_script: Page, served: Served) -> None:
    page, bob = page_without_script, "bob.archives@example.org"
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    walking.sign_up(page, served, bob)
    page.goto("/account/deletion/")
    take_picture(page, "archive-offered-on-the-way-out")
    page.get_by_role("link", name="download your data").click()
    page.get_by_role("button", name="Prepare archive").click()
    take_picture(page, "archive-waiting-phone-plain")
    ready = page.get_by_text("Your archive is ready")
    for _ in range(300):
        if ready.is_visible():
            break
        expect(page.get_by_text("Reload this page")).to_be_visible()
        page.reload()
    expect(ready).to_be_visible()
    assert download(page).json["profile"][0]["address"] == bob
    page.get_by_role("link", name="Go on with deleting your account").click()
    expect(page).to_have_url(re.compile("/account/deletion/$"))


def test_somebody_who_comes_back_proves_who_they_are_and_gets_it(page: Page, served: Served) -> None:
    """Signed in again, the page is as it was left; another person's browser gets nothing of it."""
    charlie = "charlie.archives@example.org"
    walking.sign_up(page, served, charlie)
    page.goto("/account/data/")
    page.get_by_role("button", name="Prepare archive").click()
    expect(page.get_by_text("Your archive is ready")).to_be_visible(timeout=20_000)
    link = page.get_by_role("link", name="Download archive").get_attribute("href")
    assert link
    page.context.clear_cookies()
    page.goto(link)
    expect(page).to_have_url(re.compile("/accounts/login/"))
    walking.sign_in(page, charlie)
    page.goto("/account/data/")
    assert download(page).json["profile"][0]["address"] == charlie
