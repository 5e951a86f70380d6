"""An owner looks at what happened: filters, pages, exports, on a phone, without a script (Rule V3)."""

import csv
import io
import json
import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page, expect

from tests.support import walking
from tests.support.looking import PHONE, TOO_WIDE, look_at, quiet
from tests.support.served import Served


def open_activities(page: Page, name: str) -> None:
    """Create an organization and open its activities by the left column."""
    page.goto("/organizations/create/")
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Create organization").click()
    page.get_by_role("link", name="Activities").locator("visible=true").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Activities")


def create_project(page: Page, organization: str, name: str) -> None:
    page.goto(f"{organization}projects/create/")
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Create project").click()


def taken(page: Page, button: str) -> str:
    """Export, and give what the file holds."""
    with page.expect_download() as download:
        page.get_by_role("link", name=button).click()
    return Path(download.value.path()).read_text(encoding="utf-8")


def test_an_owner_finds_what_happened(page: Page, served: Served) -> None:
    walking.sign_up(page, served, "alice.audits@example.org")
    with quiet(page):
        open_activities(page, "Archive")
        rows = page.locator("tbody tr")
        expect(rows).to_have_count(1)
        expect(rows).to_contain_text("created the organization: Archive")
        look_at(page)
        page.get_by_label("Level").select_option("Warning")
        page.get_by_role("button", name="Filter activities").click()
        expect(page.get_by_role("heading", name="Nothing here matches the filters")).to_be_visible()
        look_at(page)
        bookmark = page.url
        assert parse_qs(urlsplit(bookmark).query) == {"level": ["warning"]}
        page.goto("/")
        page.goto(bookmark)
        expect(page.get_by_label("Level")).to_have_value("warning")
        page.get_by_role("link", name="Clear filters").first.click()
        expect(rows).to_have_count(1)
        page.get_by_role("row").get_by_role("link", name="Archive").click()
        expect(rows).to_have_count(1)
        expect(page.get_by_label("Name or ID")).not_to_have_value("")


def test_an_owner_reads_from_either_end_and_exports(page: Page, served: Served) -> None:
    walking.sign_up(page, served, "alice.exports@example.org")
    open_activities(page, "Library")
    activities = page.url
    create_project(page, activities.removesuffix("activities/"), '=HYPERLINK("http://evil.example")')
    page.goto(activities)
    first = page.locator("tbody tr").first
    expect(first).to_contain_text("created a project")
    page.get_by_role("link", name="show the oldest first").click()
    expect(first).to_contain_text("created the organization")
    expect(page.locator("th[aria-sort=ascending]")).to_be_visible()
    rows = list(csv.DictReader(io.StringIO(taken(page, "Export CSV"), newline="")))
    lines = [json.loads(line) for line in taken(page, "Export JSON Lines").splitlines()]
    assert [row["kind"] for row in rows] == ["organization.created", "project.created"]
    assert [line["kind"] for line in lines] == [row["kind"] for row in rows]
    assert rows[1]["subject"] == '\'=HYPERLINK("http://evil.example")'
    assert rows[1]["actor"] == "alice.exports@example.org"


def test_a_day_that_cannot_be_is_told_beside_the_field(page: Page, served: Served) -> None:
    walking.sign_up(page, served, "alice.errs@example.org")
    open_activities(page, "Museum")
    page.goto(f"{page.url}?since=2030-03-05&until=2030-03-04")
    expect(page).to_have_title(re.compile("^Error: "))
    expect(page.get_by_role("alert")).to_contain_text("This day is before the first one.")
    look_at(page)


def test_on_a_phone_without_a_script(page_without_script: Page, served: Served) -> None:
    page = page_without_script
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    walking.sign_up(page, served, "bob.audits@example.org")
    page.goto("/organizations/create/")
    page.get_by_label("Name").fill("W" * 64)
    page.get_by_role("button", name="Create organization").click()
    page.locator(".menu-places > summary").click()
    page.get_by_role("link", name="Activities").locator("visible=true").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    assert page.evaluate(TOO_WIDE) <= 0
    page.get_by_label("What").select_option("Deleted a project")
    page.get_by_role("button", name="Filter activities").click()
    expect(page.get_by_role("heading", name="Nothing here matches the filters")).to_be_visible()
    assert page.evaluate(TOO_WIDE) <= 0
