"""Looking at a page as people with different eyes, hands and screens do."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, Page

PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 800}
SERIOUS = {"serious", "critical"}
# A refused form answers with 4xx, and Chromium notes that in the console; it is no fault.
ANSWERED = re.compile("Failed to load resource: the server responded with a status of 4")
TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def look_at(page: Page) -> None:
    """Look at it on a phone in the light and at a desk in the dark, and find nothing wrong."""
    for size, scheme in ((PHONE, "light"), (DESK, "dark")):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        where = f"{page.url} at {size['width']} px, {scheme}"
        assert page.evaluate(TOO_WIDE) <= 0, f"scrolls sideways: {where}"
        assert barriers(page) == [], where
    assert page.locator("h1").count() == 1, f"one heading: {page.url}"
    assert page.locator("[style], style").count() == 0, f"inline style: {page.url}"


def barriers(page: Page) -> list[str]:
    """Name what axe calls serious or worse."""
    found = Axe().run(page).response["violations"]
    return [f"{each['id']}: {each['nodes'][0]['html']}" for each in found if each["impact"] in SERIOUS]


@contextmanager
def quiet(page: Page) -> Iterator[None]:
    """Fail when the browser complains meanwhile of the policy, of a script, or of a missing file."""
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not ANSWERED.match(message.text):
            complaints.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield
    assert complaints == []
