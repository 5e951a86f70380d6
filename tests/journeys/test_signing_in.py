"""Signing up, in and out, and resetting a password, in a real browser with real mail (Rules A1, A3, A5)."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support import walking
from tests.support.people import PASSWORD
from tests.support.served import Served

ANOTHER_PASSWORD = "forty steps behind the mill"


def sign_out(page: Page) -> None:
    page.locator(".menu-profile > summary").click()
    page.get_by_role("button", name="Sign out").click()


@pytest.mark.parametrize("has_script", [True, False])
def test_sign_up_sign_out_sign_in(browser: Browser, served: Served, has_script: bool) -> None:
    address = f"alice.signs.in.{has_script}@example.org".lower()
    context = browser.new_context(
        base_url=served.url, java_script_enabled=has_script, extra_http_headers=served.visitor_headers()
    )
    page = context.new_page()
    walking.sign_up(page, served, address)
    expect(page.get_by_text("Default Project")).to_be_visible()
    sign_out(page)
    page.goto("/account/")
    expect(page).to_have_url(re.compile("/accounts/login/"))
    walking.sign_in(page, address.upper())
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    context.close()


def test_a_wrong_code_at_sign_up_opens_nothing(page: Page, served: Served) -> None:
    alice = "alice.mistypes@example.org"
    page.goto("/accounts/signup/")
    page.get_by_label("address").first.fill(alice)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Create account").click()
    code = walking.code_in_mail(served, alice, about="code")
    page.locator("[name=code]").fill("00000000" if code != "00000000" else "11111111")
    page.get_by_role("button", name="Confirm address").click()
    expect(page.get_by_text("does not match").first).to_be_visible()
    page.goto("/account/")
    expect(page.get_by_role("heading", name="Confirm your address")).to_be_visible()


def test_a_forgotten_password_is_reset_by_a_code(page: Page, served: Served) -> None:
    alice = "alice.resets@example.org"
    walking.sign_up(page, served, alice)
    sign_out(page)
    page.goto("/accounts/login/")
    page.get_by_role("link", name="Forgot your password?").click()
    page.locator("[name=email]").fill(alice)
    page.locator("main form button[type=submit]").first.click()
    page.locator("[name=code]").fill(walking.code_in_mail(served, alice, about="password"))
    page.locator("main form button[type=submit]").first.click()
    page.locator("[name=password1]").fill(ANOTHER_PASSWORD)
    page.locator("main form button[type=submit]").first.click()
    page.goto("/")
    if "login" in page.url:
        walking.sign_in(page, alice, ANOTHER_PASSWORD)
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    sign_out(page)
    walking.sign_in(page, alice, PASSWORD)
    expect(page.get_by_text("do not belong together").first).to_be_visible()


def test_settings_keep_the_profile_and_end_other_sessions(
    page: Page, served: Served, browser: Browser
) -> None:
    alice = "alice.profile@example.org"
    walking.sign_up(page, served, alice)
    other = browser.new_context(base_url=served.url, extra_http_headers=served.visitor_headers())
    window = other.new_page()
    walking.sign_in(window, alice)
    page.goto("/account/")
    page.get_by_label("Name").fill("Alice Émile <b>")
    page.get_by_label("Company").fill("Analog & Sons")
    page.get_by_label("Country").select_option("FR")
    page.get_by_role("button", name="Save profile").click()
    expect(page.get_by_text("Your profile is saved.")).to_be_visible()
    expect(page.get_by_label("Name")).to_have_value("Alice Émile <b>")
    page.get_by_role("button", name=re.compile("End all other sessions|End other sessions")).click()
    window.reload()
    expect(window).to_have_url(re.compile("/accounts/login/"))
    expect(page.get_by_role("heading", name="Account settings")).to_be_visible()
    other.close()


def test_a_new_password_ends_the_other_sessions_and_works(
    page: Page, served: Served, browser: Browser
) -> None:
    alice = "alice.changes@example.org"
    walking.sign_up(page, served, alice)
    other = browser.new_context(base_url=served.url, extra_http_headers=served.visitor_headers())
    window = other.new_page()
    walking.sign_in(window, alice)
    page.goto("/account/")
    page.get_by_role("link", name="Change password").click()
    page.locator("[name=oldpassword]").fill(PASSWORD)
    page.locator("[name=password1]").fill(ANOTHER_PASSWORD)
    page.locator("main form button[type=submit]").first.click()
    window.reload()
    expect(window).to_have_url(re.compile("/accounts/login/"))
    walking.sign_in(window, alice, ANOTHER_PASSWORD)
    expect(window.get_by_role("heading", name="Overview")).to_be_visible()
    served.mailbox.wait_for(alice, subject_contains="password")
    other.close()
