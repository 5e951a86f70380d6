"""Somebody leaves: real pages, a real browser, real mail (Rules D1 to D10)."""

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from adieu.core.receipts import read_file, read_keys, verify
from tests.support import walking
from tests.support.files import files_with
from tests.support.looking import look_at, quiet
from tests.support.people import PASSWORD
from tests.support.served import Served

GONE = "Your account has been deleted"


def wait_until_over(page: Page) -> None:
    expect(page.get_by_role("heading", name=GONE)).to_be_visible(timeout=20_000)
    expect(page.locator(".progress-step:not(.progress-done)")).to_have_count(0, timeout=20_000)


def test_alice_leaves_and_nothing_of_her_is_left(page: Page, served: Served, browser: Browser) -> None:
    alice, name = "alice.leaves@example.org", "Alicia Quintessa"
    walking.sign_up(page, served, alice)
    page.goto("/account/")
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Save profile").click()
    assert files_with(served.data_dir, name) <= {"vault.sqlite3", "vault.sqlite3-wal"}
    assert files_with(served.data_dir, name)

    farewell = walking.leave(page, served, alice)
    wait_until_over(page)
    last = served.mailbox.wait_for(alice, subject_contains=GONE)
    assert farewell in last.text
    (attached,) = last.message.iter_attachments()
    with page.expect_download() as downloading:
        page.get_by_role("link", name="Download receipt").click()
    kept = downloading.value.path().read_text()
    assert attached.get_content() == kept.encode()
    keys = page.request.get("/.well-known/adieu-keys.json").text()
    assert verify(read_file(kept), keys=read_keys(keys)).index >= 0
    assert files_with(served.data_dir, alice) == set()
    assert files_with(served.data_dir, name) == set()
    assert alice not in served.log
    assert farewell.rstrip("/").rsplit("/", 1)[-1] not in served.log

    stranger = browser.new_context(base_url=served.url, extra_http_headers=served.visitor_headers())
    window = stranger.new_page()
    window.goto(farewell)
    look_at(window)
    expect(window.get_by_role("heading", name=GONE)).to_be_visible()
    stranger.close()


def test_alice_cannot_come_back(page: Page, served: Served) -> None:
    alice = "alice.returns@example.org"
    walking.sign_up(page, served, alice)
    walking.leave(page, served, alice)
    wait_until_over(page)

    page.goto("/account/")
    expect(page).to_have_url(re.compile("/accounts/login/"))
    walking.sign_in(page, alice)
    expect(page.get_by_text("do not belong together").first).to_be_visible()

    page.goto("/accounts/signup/")
    page.get_by_label("address").first.fill("ALICE.Returns@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Create account").click()
    expect(page).to_have_url(re.compile("/accounts/confirm-email/"))
    explained = served.mailbox.wait_for(alice, subject_contains="address")
    assert "deleted" in explained.text


def test_leaving_without_javascript(page_without_script: Page, served: Served) -> None:
    page, bob = page_without_script, "bob.plain@example.org"
    walking.sign_up(page, served, bob)
    walking.leave(page, served, bob)
    served.mailbox.wait_for(bob, subject_contains=GONE)
    page.reload()
    expect(page.get_by_role("heading", name=GONE)).to_be_visible()
    expect(page.get_by_role("link", name="Download receipt")).to_be_visible()
    expect(page.get_by_role("button", name="Print this page")).to_be_hidden()
    expect(page.get_by_text("adieu receipt verify")).to_be_visible()


def test_the_farewell_page_is_good_on_paper(page: Page, served: Served) -> None:
    alice = "alice.prints@example.org"
    walking.sign_up(page, served, alice)
    with quiet(page):
        walking.leave(page, served, alice)
        wait_until_over(page)
        printing = page.get_by_role("button", name="Print this page")
        expect(printing).to_be_visible()
        page.emulate_media(media="print")
        expect(printing).to_be_hidden()
        for words in ("Your receipt", "What went", "What stays", "Who is told", "How to check it"):
            expect(page.get_by_role("heading", name=words)).to_be_visible()
        assert page.pdf()[:5] == b"%PDF-"


def test_another_session_ends_with_the_account(page: Page, served: Served, browser: Browser) -> None:
    alice = "alice.twice@example.org"
    walking.sign_up(page, served, alice)
    other = browser.new_context(base_url=served.url, extra_http_headers=served.visitor_headers())
    window = other.new_page()
    walking.sign_in(window, alice)
    expect(window.get_by_role("heading", name="Overview")).to_be_visible()
    walking.leave(page, served, alice)
    window.reload()
    expect(window).to_have_url(re.compile("/accounts/login/"))
    other.close()


def test_keeping_the_account_leaves_no_request(page: Page, served: Served) -> None:
    alice = "alice.stays@example.org"
    walking.sign_up(page, served, alice)
    page.goto("/account/deletion/")
    walking.delete_organization_in_the_way(page)
    walking.say_why(page, "I was only looking")
    walking.have_code_sent(page, served, alice)
    page.get_by_role("button", name="Keep my account").click()
    expect(page.get_by_role("heading", name="Account settings")).to_be_visible()
    page.goto("/account/deletion/confirm/")
    expect(page).to_have_url(re.compile("/feedback/$"))
    expect(page.get_by_label("Privacy")).not_to_be_checked()


def test_wrong_codes_are_counted_and_end_the_request(page: Page, served: Served) -> None:
    alice = "alice.guesses@example.org"
    walking.sign_up(page, served, alice)
    page.goto("/account/deletion/")
    walking.delete_organization_in_the_way(page)
    walking.say_why(page)
    code = walking.have_code_sent(page, served, alice)
    wrong = "11111111" if code != "11111111" else "22222222"
    for left in ("4 tries left", "3 tries left", "2 tries left", "1 try left"):
        walking.enter_deletion_code(page, wrong)
        expect(page.get_by_text(left).first).to_be_visible()
    walking.enter_deletion_code(page, wrong)
    expect(page.get_by_text("Nothing was deleted").first).to_be_visible()
    page.goto("/account/")
    expect(page.get_by_role("heading", name="Account settings")).to_be_visible()


def test_missing_boxes_another_address_and_a_hasty_resend_are_said_beside_the_field(
    page: Page, served: Served
) -> None:
    alice = "alice.hurries@example.org"
    walking.sign_up(page, served, alice)
    page.goto("/account/deletion/")
    walking.delete_organization_in_the_way(page)
    walking.say_why(page)
    page.locator("[name=email]").fill("bob@example.org")
    page.get_by_role("button", name="Send verification code").click()
    expect(page.get_by_text("not the e-mail address of your account").first).to_be_visible()
    code = walking.have_code_sent(page, served, alice)
    page.locator("[name=email]").fill(alice)
    page.get_by_role("button", name="Send a new code").click()
    expect(page.get_by_text(re.compile("A new code can be sent in \\d+ seconds")).first).to_be_visible()
    page.locator("[name=code]").fill(code)
    page.locator("[name=consents]").first.check()
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_text("Tick every box").first).to_be_visible()
    walking.enter_deletion_code(page, code)
    expect(page).to_have_url(re.compile("/deletions/"))


def test_two_tabs_and_the_back_button(page: Page, served: Served) -> None:
    alice = "alice.tabs@example.org"
    walking.sign_up(page, served, alice)
    page.goto("/account/deletion/")
    walking.delete_organization_in_the_way(page)
    walking.say_why(page)
    tab = page.context.new_page()
    tab.goto("/account/deletion/confirm/")
    code = walking.have_code_sent(page, served, alice)
    tab.reload()
    walking.enter_deletion_code(tab, code)
    expect(tab).to_have_url(re.compile("/deletions/"))
    walking.enter_deletion_code(page, code)
    expect(page).to_have_url(re.compile("/accounts/login/"))
    tab.go_back()
    expect(tab).to_have_url(re.compile("/accounts/login/"))


@pytest.mark.parametrize("path", ["/deletions/x/", f"/deletions/{'A' * 46}/"])
def test_a_guessed_farewell_link_is_not_found(page: Page, path: str) -> None:
    answer = page.goto(path)
    assert answer is not None
    assert answer.status == 404


def test_pictures_of_the_way_out(page: Page, served: Served, tmp_path: Path) -> None:
    """The pictures that the documentation shows; `make pictures` takes them there."""
    folder = Path(os.environ.get("PICTURES_FOLDER", tmp_path))
    alice = "alice@example.org"
    page.set_viewport_size({"width": 1080, "height": 760})
    walking.sign_up(page, served, alice)
    take = Pictures(page, folder)
    take("overview")
    page.goto("/account/deletion/")
    take("blockers")
    walking.delete_organization_in_the_way(page)
    page.get_by_role("link", name="Next").click()
    take("feedback")
    page.get_by_label("Privacy").check()
    page.get_by_role("button", name="Next").click()
    code = walking.have_code_sent(page, served, alice)
    take("confirm", is_whole=True)
    walking.enter_deletion_code(page, code)
    wait_until_over(page)
    take("farewell")
    assert len(list(folder.glob("*.png"))) == 5


class Pictures:
    """Takes pictures into a folder, and into the documentation when asked to."""

    def __init__(self, page: Page, folder: Path) -> None:
        self.page, self.folder = page, folder

    def __call__(self, name: str, *, is_whole: bool = False) -> None:
        self.page.screenshot(path=self.folder / f"{name}.png", full_page=is_whole)
