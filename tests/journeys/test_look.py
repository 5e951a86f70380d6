"""What every page looks like: to screen readers, on phones, in the dark, by keyboard, without a script."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support import walking
from tests.support.looking import PHONE, TOO_WIDE, barriers, look_at, quiet
from tests.support.people import PASSWORD
from tests.support.served import Served

UNBROKEN = "W" * 64
FROM_RIGHT_TO_LEFT = "منظمة الأرشيف الرقمي للمدينة القديمة"
SIZE_AND_WEIGHT = "(it) => [getComputedStyle(it).fontSize, getComputedStyle(it).fontWeight, it.offsetHeight]"


def create_organization(page: Page, name: str) -> None:
    page.goto("/organizations/create/")
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Create organization").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)


def current_step(page: Page) -> Locator:
    return page.locator(".stepper [aria-current=step]")


def test_the_doors(page: Page, served: Served) -> None:
    alice = "alice.looks@example.org"
    with quiet(page):
        page.goto("/")
        look_at(page)
        walking.sign_in(page, alice)
        look_at(page)
        page.goto("/terms/")
        look_at(page)
        page.goto("/accounts/signup/")
        look_at(page)
        page.get_by_role("button", name="Create account").click()
        look_at(page)
        page.locator("[name=email]").fill(alice)
        page.locator("[name=password1]").fill(PASSWORD)
        page.get_by_role("checkbox").check()
        page.get_by_role("button", name="Create account").click()
        expect(page.get_by_text(alice)).to_be_visible()
        look_at(page)
        page.locator("[name=code]").fill("00000000")
        page.get_by_role("button", name="Confirm address").click()
        look_at(page)


def test_a_new_password(page: Page, served: Served) -> None:
    alice = "alice.forgets@example.org"
    walking.sign_up(page, served, alice)
    page.context.clear_cookies()
    with quiet(page):
        page.goto("/accounts/password/reset/")
        look_at(page)
        before = len(served.mailbox.messages)
        page.get_by_role("textbox").fill(alice)
        page.get_by_role("button", name="Send reset code").click()
        look_at(page)
        page.locator("[name=code]").fill(walking.code_in_mail(served, alice, about="", after=before))
        page.get_by_role("button", name="Confirm code").click()
        expect(page.get_by_role("heading", name="Set a new password")).to_be_visible()
        look_at(page)


def test_the_console(page: Page, served: Served) -> None:
    walking.sign_up(page, served, "alice.works@example.org")
    with quiet(page):
        look_at(page)
        page.locator(".menu-profile > summary").click()
        look_at(page)
        for address in ("/account/", "/accounts/password/change/", "/organizations/create/", "/nothing/"):
            page.goto(address)
            look_at(page)
        page.goto("/")
        page.get_by_role("link", name="Settings of").click()
        look_at(page)
        page.get_by_role("link", name="Delete organization").click()
        look_at(page)
        page.get_by_role("button", name="Delete organization").click()
        look_at(page)
        page.get_by_role("textbox").fill("My organization")
        page.get_by_role("button", name="Delete organization").click()
        expect(page.get_by_role("heading", name="You belong to no organization")).to_be_visible()
        look_at(page)


def test_the_way_out(page: Page, served: Served) -> None:
    alice = "alice.goes@example.org"
    walking.sign_up(page, served, alice)
    with quiet(page):
        page.goto("/account/deletion/")
        expect(current_step(page)).to_contain_text("What is in the way")
        look_at(page)
        walking.delete_organization_in_the_way(page)
        look_at(page)
        page.get_by_role("link", name="Next").click()
        expect(current_step(page)).to_contain_text("Feedback")
        page.get_by_role("button", name="Next").click()
        look_at(page)
        page.get_by_label("Privacy").check()
        page.get_by_role("button", name="Next").click()
        expect(current_step(page)).to_contain_text("Confirm")
        expect(page.get_by_text("The code comes first")).to_be_visible()
        look_at(page)
        code = walking.have_code_sent(page, served, alice)
        look_at(page)
        page.locator("[name=code]").fill("00000000")
        page.get_by_role("button", name="Next").click()
        look_at(page)
        walking.enter_deletion_code(page, code)
        expect(current_step(page)).to_contain_text("Done")
        look_at(page)
        expect(page.get_by_role("heading", level=1)).to_have_text(
            "Your account has been deleted", timeout=20_000
        )
        look_at(page)


def test_keeping_and_leaving_read_alike_and_keeping_stays_where_it_is(page: Page, served: Served) -> None:
    walking.sign_up(page, served, "alice.wavers@example.org")
    page.goto("/account/deletion/")
    keep = page.get_by_role("button", name="Keep my account")
    place = keep.bounding_box()
    walking.delete_organization_in_the_way(page)
    for _ in range(2):
        going_on = page.locator(".actions-next .button")
        assert keep.bounding_box() == place
        assert keep.evaluate(SIZE_AND_WEIGHT) == going_on.evaluate(SIZE_AND_WEIGHT)
        if page.get_by_label("Privacy").count():
            page.get_by_label("Privacy").check()
        going_on.click()
    page.mouse.wheel(0, 10_000)
    expect(keep).to_be_in_viewport()
    assert keep.bounding_box() == place


@pytest.mark.parametrize("name", [UNBROKEN, FROM_RIGHT_TO_LEFT], ids=["unbroken", "right-to-left"])
def test_long_names_break_nothing(page: Page, served: Served, name: str) -> None:
    walking.sign_up(page, served, f"alice.names.{len(name)}@example.org")
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    create_organization(page, name)
    organization = page.url
    for address in (organization, f"{organization}delete/", "/", "/account/", "/account/deletion/"):
        page.goto(address)
        assert page.evaluate(TOO_WIDE) <= 0, address


def test_errors_are_said_at_the_top_and_beside_the_field(page: Page) -> None:
    page.goto("/accounts/signup/")
    page.get_by_role("button", name="Create account").click()
    expect(page).to_have_title(re.compile("^Error: "))
    summary = page.get_by_role("alert")
    expect(summary).to_be_focused()
    summary.get_by_role("link").first.click()
    address = page.locator("[name=email]")
    expect(address).to_be_focused()
    expect(address).to_have_attribute("aria-invalid", "true")
    beside = address.get_attribute("aria-describedby")
    assert beside
    expect(page.locator(f"#{beside.split()[-1]}")).to_contain_text("Type your e-mail address")


def test_everything_by_keyboard(page: Page, served: Served) -> None:
    walking.sign_up(page, served, "alice.types@example.org")
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#content")).to_be_focused()
    profile = page.locator(".menu-profile > summary")
    profile.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Account settings")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Account settings")).to_be_hidden()
    expect(profile).to_be_focused()


def test_the_appearance_that_was_chosen_stays(page: Page, served: Served) -> None:
    walking.sign_up(page, served, "alice.dims@example.org")
    page.emulate_media(color_scheme="light")
    page.goto("/account/")
    page.locator(".menu-profile > summary").click()
    page.get_by_role("button", name="Dark").click()
    expect(page).to_have_url(re.compile("/account/$"))
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"
    page.goto("/")
    page.locator(".menu-profile > summary").click()
    expect(page.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")


def test_copying_says_that_it_did(page: Page, served: Served) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    walking.sign_up(page, served, "alice.copies@example.org")
    copied = page.locator(".copyable").first
    copied.get_by_role("button", name="Copy the ID of Default Project").click()
    expect(copied.get_by_role("status")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == copied.locator("code").inner_text()


def test_a_hint_counts_the_boxes_that_are_left(page: Page, served: Served) -> None:
    alice = "alice.ticks@example.org"
    walking.sign_up(page, served, alice)
    page.goto("/account/deletion/")
    walking.delete_organization_in_the_way(page)
    walking.say_why(page)
    walking.have_code_sent(page, served, alice)
    hint = page.locator("[data-unticked]")
    boxes = page.locator("[name=consents]")
    expect(hint).to_have_text(f"{boxes.count()} boxes are still to tick.")
    walking.tick_every_box(page)
    expect(hint).to_be_hidden()


def test_without_a_script_everything_is_there(page_without_script: Page, served: Served) -> None:
    page = page_without_script
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    walking.sign_up(page, served, "bob.looks@example.org")
    expect(page.locator(".copy").first).to_be_hidden()
    page.locator(".menu-places > summary").click()
    page.get_by_role("link", name="Organization settings").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("My organization")
    page.locator(".menu-profile > summary").click()
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-appearance", "dark")
    page.locator(".menu-profile > summary").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_forced_colours_hide_nothing(page: Page, served: Served) -> None:
    page.emulate_media(forced_colors="active")
    page.goto("/accounts/login/")
    button = page.get_by_role("button", name="Sign in")
    assert button.evaluate("(it) => getComputedStyle(it).borderStyle") == "solid"
    assert barriers(page) == []
