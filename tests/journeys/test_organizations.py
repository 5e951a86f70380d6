"""Looking after an organization, its members and projects, and handing it over, in a real browser."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support import gathering, walking
from tests.support.looking import PHONE, TOO_WIDE, look_at, quiet
from tests.support.served import Served

UNBROKEN = "W" * 64


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).click()


def heading(page: Page, text: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(text)


def save_name(page: Page, name: str) -> None:
    page.goto("/account/")
    page.get_by_label("Name").fill(name)
    press(page, "Save profile")


def test_alice_looks_after_her_night_school(page: Page, served: Served, browser: Browser) -> None:
    bob = "bob.learns@example.org"
    walking.sign_up(page, served, "alice.teaches@example.org")
    school = gathering.create_organization(page, "Night school")
    link = gathering.invite(page, served, school, bob)
    with gathering.newcomer(browser, served, link, bob) as bobs, quiet(page):
        save_name(bobs, "Bob Baker")
        _information(page, school)
        _projects(page)
        _members(page)
        with quiet(bobs):
            _what_bob_sees(bobs, school)
        _hand_over_is_asked_first(page)
        page.get_by_role("link", name="Remove Bob Baker").click()
        look_at(page)
        press(page, "Remove member")
        expect(page.get_by_text("That person is no longer a member.")).to_be_visible()
        expect(page.get_by_role("cell", name="Bob Baker")).to_have_count(0)
        told = served.mailbox.wait_for(bob, subject_contains="removed")
        assert "Night school" in told.text
        bobs.goto(school)
        heading(bobs, "There is nothing here")


def _information(page: Page, school: str) -> None:
    page.goto(school)
    page.get_by_label("Website").fill("school")
    press(page, "Save information")
    expect(page).to_have_title(re.compile("^Error: "))
    look_at(page)
    page.get_by_label("Website").fill("https://school.example.org")
    page.get_by_label("Description").fill("We learn at night.")
    page.get_by_label("Contact").select_option(label="Bob Baker")
    page.get_by_label("Time zone").select_option("Europe/Lisbon")
    press(page, "Save information")
    expect(page.get_by_text("The organization's information is saved.")).to_be_visible()
    look_at(page)


def _projects(page: Page) -> None:
    page.goto("/")
    page.set_viewport_size({"width": 1280, "height": 800})
    page.get_by_role("link", name="Projects", exact=True).first.click()
    heading(page, "Projects")
    look_at(page)
    page.get_by_role("link", name="Default Project").click()
    expect(page.get_by_text("stays as long as it does")).to_be_visible()
    look_at(page)
    page.get_by_role("link", name="Projects", exact=True).last.click()
    page.get_by_role("link", name="Create project").click()
    press(page, "Create project")
    look_at(page)
    page.get_by_label("Name").fill("Recipes")
    press(page, "Create project")
    heading(page, "Recipes")
    page.get_by_label("Role").select_option("owner")
    press(page, "Add member")
    expect(page.get_by_role("row", name="Bob Baker")).to_contain_text("Owner")
    press(page, "Make member (Bob Baker)")
    expect(page.get_by_role("row", name="Bob Baker")).to_contain_text("Make owner")
    look_at(page)
    page.get_by_role("textbox", name="Name").fill("Cooking")
    press(page, "Rename project")
    heading(page, "Cooking")
    page.get_by_role("link", name="Delete project").click()
    look_at(page)
    page.get_by_role("textbox").fill("Recipes")
    press(page, "Delete project")
    expect(page.get_by_text("is not the name of the project").first).to_be_visible()
    page.get_by_role("link", name="Go back").click()
    heading(page, "Cooking")


def _members(page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 800})
    page.get_by_role("link", name="Members", exact=True).first.click()
    heading(page, "Members")
    look_at(page)
    page.get_by_label("Search by name or address").fill("baker")
    press(page, "Search")
    expect(page.get_by_text("1 of 2 members")).to_be_visible()
    page.get_by_label("Search by name or address").fill("nobody like this")
    press(page, "Search")
    look_at(page)
    page.get_by_role("link", name="Show all").click()
    press(page, "Make owner (Bob Baker)")
    expect(page.get_by_role("row", name="Bob Baker")).to_contain_text("Make member")
    press(page, "Make member (Bob Baker)")
    expect(page.get_by_role("row", name="Bob Baker")).to_contain_text("Make owner")


def _what_bob_sees(page: Page, school: str) -> None:
    page.goto(school)
    expect(page.get_by_text("We learn at night.")).to_be_visible()
    expect(page.get_by_role("button", name="Save information")).to_have_count(0)
    look_at(page)
    page.goto(f"{school}members/")
    expect(page.get_by_role("row", name="Bob Baker")).to_contain_text("You")
    expect(page.get_by_role("button", name="Make")).to_have_count(0)
    look_at(page)
    page.goto(f"{school}projects/")
    page.get_by_role("link", name="Cooking").click()
    expect(page.get_by_role("button", name="Rename project")).to_have_count(0)
    look_at(page)


def _hand_over_is_asked_first(page: Page) -> None:
    press(page, "Hand over ownership")
    expect(page.get_by_text("Only an owner can make you owner again.")).to_be_visible()
    look_at(page)
    page.get_by_role("link", name="Go back").click()
    heading(page, "Members")


def test_what_is_in_the_way_is_settled_in_place(page: Page, served: Served, browser: Browser) -> None:
    alice, bob, charlie = (f"{name}.settles@example.org" for name in ("alice", "bob", "charlie"))
    walking.sign_up(page, served, alice)
    school = gathering.create_organization(page, "Night school")
    archive = gathering.create_organization(page, "Archive")
    first = gathering.invite(page, served, school, bob)
    with (
        gathering.newcomer(browser, served, first, bob) as bobs,
        gathering.newcomer(
            browser, served, gathering.invite(page, served, school, charlie), charlie
        ) as charlies,
    ):
        gathering.accept(bobs, gathering.invite(page, served, archive, bob))
        gathering.accept(charlies, gathering.invite(page, served, archive, charlie))
        with quiet(page):
            _settle(page, bob, charlie)
        bobs.goto(school)
        expect(bobs.get_by_role("button", name="Save information")).to_be_visible()
        charlies.goto(archive)
        expect(charlies.get_by_role("button", name="Save information")).to_be_visible()
        charlies.goto(school)
        expect(charlies.get_by_role("button", name="Save information")).to_have_count(0)


def _settle(page: Page, bob: str, charlie: str) -> None:
    page.goto("/account/deletion/")
    heading(page, "3 things are in the way")
    look_at(page)
    press(page, "Make owner of Night school")
    expect(page.get_by_text("Choose who becomes owner.")).to_have_count(2)
    look_at(page)
    page.get_by_label("New owner of Night school").select_option(label=bob)
    press(page, "Make owner of Night school")
    heading(page, "2 things are in the way")
    page.get_by_role("link", name="Delete organization My organization").click()
    page.get_by_role("textbox").fill("My organization")
    press(page, "Delete organization")
    heading(page, "1 thing is in the way")
    page.get_by_label("New owner of Archive").select_option(label=charlie)
    press(page, "Hand over and continue")
    expect(page).to_have_url(re.compile("/account/deletion/feedback/$"))


def test_handing_over_and_leaving_on_a_phone_without_a_script(
    page_without_script: Page, served: Served, browser: Browser
) -> None:
    page, bob = page_without_script, "bob.inherits@example.org"
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    walking.sign_up(page, served, "alice.leaves.school@example.org")
    school = gathering.create_organization(page, UNBROKEN)
    page.goto(f"{school}leave/")
    expect(page.get_by_text("It can only be deleted.")).to_be_visible()
    with gathering.newcomer(browser, served, gathering.invite(page, served, school, bob), bob) as bobs:
        for rest in ("", "leave/", "members/", "members/hand-over/", "projects/", "projects/create/"):
            page.goto(f"{school}{rest}")
            assert page.evaluate(TOO_WIDE) <= 0, rest
        page.goto(f"{school}members/")
        page.get_by_role("link", name="Leave").click()
        press(page, "Hand over and leave")
        expect(page.get_by_text("You have left")).to_be_visible()
        page.goto(school)
        heading(page, "There is nothing here")
        bobs.goto(f"{school}leave/")
        expect(bobs.get_by_text("It can only be deleted.")).to_be_visible()


@pytest.mark.parametrize("size", [PHONE, {"width": 1280, "height": 800}], ids=["phone", "desk"])
def test_the_switcher(page: Page, served: Served, size: dict[str, int]) -> None:
    walking.sign_up(page, served, f"alice.switches.{size['width']}@example.org")
    gathering.create_organization(page, "Archive")
    gathering.create_organization(page, UNBROKEN)
    page.set_viewport_size(size)  # type: ignore[arg-type]
    page.goto("/account/")
    page.locator(".menu-organizations > summary").click()
    assert page.evaluate(TOO_WIDE) <= 0
    panel = page.get_by_role("navigation", name="Organizations").bounding_box()
    assert panel
    assert panel["x"] >= 0
    assert panel["x"] + panel["width"] <= size["width"]
    page.get_by_role("link", name="Archive").click()
    heading(page, "Archive")
    page.goto("/account/")
    expect(page.locator(".menu-organizations > summary")).to_contain_text("Archive")
