"""From nothing to a search within a minute: a real browser, a real database."""

import os
import re
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from tests.journeys.test_clusters import address, create, make_key, press, state
from tests.support import vectors, walking
from tests.support.looking import look_at, quiet
from tests.support.served import Served

SECONDS_FOR_A_NEWCOMER = 60


def found(page: Page) -> list[str]:
    """Give the names that the search found."""
    cells: list[str] = page.locator("#search tbody .cell-name").all_inner_texts()
    return cells


def test_a_newcomer_searches_within_a_minute(
    page: Page, served: Served, tmp_path: Path, record_property: Any
) -> None:
    walking.sign_up(page, served, "alice.first.search@example.org")
    with quiet(page):
        began = time.monotonic()
        create(page, "Birds")
        # What is in it has come by itself, and the page was not loaded again.
        press(page, "Load the sample")
        page.get_by_label("Find what is like").select_option("Crisps")
        press(page, "Find")
        expect(page.get_by_text("Most like Crisps")).to_be_in_viewport()
        took = round(time.monotonic() - began, 1)
        record_property("from a project to the first search, seconds", took)
        assert took < SECONDS_FOR_A_NEWCOMER
        assert found(page)[:2] == ["Popcorn", "Salted peanuts"]
        take_picture(page, Path(os.environ.get("PICTURES_FOLDER", tmp_path)))
        page.get_by_label("Of the kind").select_option("Vegetable")
        press(page, "Find")
        expect(page.locator("#search tbody tr")).to_have_count(5)
        of_page = found(page)
        look_at(page)

        # What the page shows in Python does the same.
        snippet = page.locator("#search .snippet").inner_text()
        cluster, at = page.url.partition("?")[0], address(page)
        key = make_key(page)
        said = vectors.run(snippet.replace("YOUR_API_KEY", key))
        assert re.findall(r"^[\d.]+ (.+)$", said, re.MULTILINE) == of_page

        # A collection of her own is listed beside it, and stays.
        vectors.client(at, key, 'client.create_collection("mine", dimension=4)')
        page.goto(cluster)
        expect(page.locator("#collections tbody tr")).to_have_count(2)
        press(page, "Remove the sample")
        expect(page.locator("#collections tbody .cell-name")).to_have_text("mine")
        look_at(page)
        press(page, "Suspend cluster")
        state(page, "Suspended")
        expect(page.get_by_text("They are shown while the cluster runs.")).to_be_visible()
        press(page, "Resume cluster")
        state(page, "Running")
        # It comes with the state, without loading the page again.
        expect(page.locator("#collections tbody .cell-name")).to_have_text("mine")


def take_picture(page: Page, folder: Path) -> None:
    """Take the picture that the documentation shows; `make pictures` takes it there."""
    page.set_viewport_size({"width": 1280, "height": 900})
    page.screenshot(path=folder / "first-search.png", full_page=True, clip=around(page))


def around(page: Page) -> Any:
    """Tell where on the page the collections begin and what was found ends."""
    page.evaluate("scrollTo(0, 0)")
    first = page.locator("#collections").bounding_box()
    last = page.locator("#search .table").bounding_box()
    assert first
    assert last
    height = last["y"] + last["height"] - first["y"]
    margin = 24
    return {
        "x": first["x"] - margin,
        "y": first["y"],
        "width": first["width"] + 2 * margin,
        "height": height + 8,
    }
