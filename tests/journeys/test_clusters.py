"""From creating a cluster to deleting the account that owns it: a real browser, a real database."""

import re
from pathlib import Path
from uuid import UUID

from playwright.sync_api import Browser, Page, expect

from tests.support import gathering, vectors, walking
from tests.support.files import files_with
from tests.support.looking import look_at, quiet
from tests.support.served import Served

# What milvus-lite takes to start on a machine that does much else.
SECONDS_TO_RUN = 60_000
VECTOR = [0.1234567, 0.7654321, 0.5, 0.25]
READ = 'print(client.query("marked", filter="id == 1", output_fields=["word"])[0]["word"])'


def insert(mark: str) -> str:
    """What puts a marked word beside a vector."""
    return f"""
client.create_collection("marked", dimension=4)
client.insert("marked", [{{"id": 1, "vector": {VECTOR}, "word": "{mark}"}}])
client.flush("marked")
"""


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def state(page: Page, name: str) -> None:
    """Wait until the page itself says so; it is not loaded again."""
    expect(page.locator("#state .badge")).to_have_text(name, timeout=SECONDS_TO_RUN)


def create(page: Page, name: str, *, start: str = "/") -> None:
    """From a page that shows a default project: create a cluster in it, and wait until it runs."""
    page.goto(start)
    page.get_by_role("link", name="Default Project").first.click()
    page.get_by_role("link", name="Show clusters").click()
    page.get_by_role("link", name="Create cluster").click()
    page.get_by_label("Name").fill(name)
    press(page, "Create cluster")
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    state(page, "Running")


def make_key(page: Page) -> str:
    """On a cluster's page: make a key, and give it; ends on the page that shows it."""
    press(page, "Create API key")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your new API key")
    key: str = page.locator(".copyable code").first.inner_text()
    return key


def address(page: Page) -> str:
    """Give the address that a cluster's page shows."""
    shown: str = page.locator(".facts code").filter(has_text="http").inner_text()
    return shown


def folder(served: Served, page: Page) -> Path:
    """Give where a cluster's data is."""
    found = re.search(r"/clusters/([0-9a-f-]{36})/", page.url)
    assert found
    return served.data_dir / "clusters" / str(UUID(found[1]))


def test_alice_has_a_vector_database_within_minutes(page: Page, served: Served) -> None:
    walking.sign_up(page, served, "alice.vectors@example.org")
    with quiet(page):
        page.goto("/")
        page.get_by_role("link", name="Default Project").first.click()
        page.get_by_role("link", name="Show clusters").click()
        look_at(page)
        page.get_by_role("link", name="Create cluster").click()
        press(page, "Create cluster")
        expect(page).to_have_title(re.compile("^Error: "))
        look_at(page)
        create(page, "Birds")
        look_at(page)
        at, cluster = address(page), page.url
        expect(page.get_by_text("Memory")).to_be_visible(timeout=30_000)
        key = make_key(page)
        look_at(page)
        snippet = page.locator(".snippet").inner_text()
        assert key in snippet
        # What is to be pasted is pasted.
        assert "distance" in vectors.run(snippet)
        # Whoever pastes it again gets the same.
        assert vectors.run(snippet).count("distance") == 1
        mark = "quokka-in-birds"
        assert vectors.client(at, key, insert(mark) + READ).strip() == mark
        assert "was never made, was revoked, or has run out" in vectors.client(at, "root:Milvus", READ)

        page.goto(cluster)
        press(page, "Suspend cluster")
        state(page, "Suspended")
        look_at(page)
        press(page, "Resume cluster")
        state(page, "Running")
        assert vectors.client(at, key, READ).strip() == mark

        kept = folder(served, page)
        assert files_with(kept, mark)
        page.get_by_role("link", name="Delete cluster").click()
        look_at(page)
        page.get_by_role("textbox").fill("Bird")
        press(page, "Delete cluster")
        expect(page).to_have_title(re.compile("^Error: "))
        page.get_by_role("textbox").fill("Birds")
        press(page, "Delete cluster")
        expect(page.get_by_text("No cluster yet")).to_be_visible(timeout=SECONDS_TO_RUN)
    assert not kept.exists()
    assert files_with(served.data_dir, mark) == set()


def test_without_javascript_the_page_is_loaded_again(page_without_script: Page, served: Served) -> None:
    page = page_without_script
    walking.sign_up(page, served, "bob.plain.vectors@example.org")
    page.goto("/")
    page.get_by_role("link", name="Default Project").first.click()
    page.get_by_role("link", name="Show clusters").click()
    page.get_by_role("link", name="Create cluster").click()
    page.get_by_label("Name").fill("Bees")
    press(page, "Create cluster")
    for _ in range(60):
        if page.locator("#state .badge").inner_text() == "Running":
            break
        expect(page.get_by_text("Reload this page")).to_be_visible()
        page.wait_for_timeout(1000)
        page.reload()
    expect(page.locator("#state .badge")).to_have_text("Running")
    press(page, "Load the sample")
    page.get_by_label("Find what is like").select_option("Lemon")
    press(page, "Find")
    expect(page.locator("#search tbody .cell-name").first).to_have_text("Grapefruit")
    press(page, "Remove the sample")
    expect(page.get_by_role("button", name="Load the sample")).to_be_visible()
    press(page, "Suspend cluster")
    expect(page.locator("#state .badge")).to_have_text(re.compile("Suspend"))


def test_alice_hands_her_clusters_over_and_leaves(page: Page, served: Served, browser: Browser) -> None:
    alice, bob = "alice.hands.over@example.org", "bob.takes.over@example.org"
    walking.sign_up(page, served, alice)
    school = gathering.create_organization(page, "Night school")
    link = gathering.invite(page, served, school, bob)
    with gathering.newcomer(browser, served, link, bob) as bobs:
        create(page, "Shared", start=f"{school}projects/")
        at, cluster = address(page), page.url
        key = make_key(page)
        mark = "quokka-for-bob"
        assert vectors.client(at, key, insert(mark) + READ).strip() == mark

        page.goto("/account/deletion/")
        expect(page.get_by_text("it still has clusters")).to_be_visible()
        look_at(page)
        walking.delete_organization_in_the_way(page)
        press(page, "Hand over and continue")
        expect(page).to_have_url(re.compile("/account/deletion/feedback/"))
        page.get_by_label("Privacy").check()
        press(page, "Next")
        walking.enter_deletion_code(page, walking.have_code_sent(page, served, alice))
        expect(page).to_have_url(re.compile("/deletions/"))

        # What was handed over runs on, for Bob and nobody else.
        assert "was never made, was revoked, or has run out" in vectors.client(at, key, READ)
        bobs.goto(cluster)
        assert vectors.client(at, make_key(bobs), READ).strip() == mark


def test_alice_deletes_her_clusters_and_leaves(page: Page, served: Served) -> None:
    alice = "alice.takes.all@example.org"
    walking.sign_up(page, served, alice)
    create(page, "Mine")
    kept, at = folder(served, page), address(page)
    mark = "quokka-that-goes"
    assert vectors.client(at, make_key(page), insert(mark) + READ).strip() == mark
    assert files_with(served.data_dir, mark)

    page.goto("/account/deletion/")
    expect(page.get_by_role("heading", level=1)).to_have_text("2 things are in the way")
    # The organization cannot go with the cluster in it; its page leads there.
    page.get_by_role("link", name="Delete organization").click()
    expect(page.get_by_text("Its projects have clusters")).to_be_visible()
    look_at(page)
    page.get_by_role("link", name="Delete the clusters of Default Project").click()
    expect(page.get_by_role("link", name="Delete Mine")).to_be_visible()
    page.goto("/account/deletion/")
    page.get_by_role("link", name="Delete its clusters").click()
    look_at(page)
    page.get_by_role("link", name="Delete Mine").click()
    page.get_by_role("textbox").fill("Mine")
    press(page, "Delete cluster")
    # Back at the list of what is in the way, which is shorter.
    expect(page.get_by_role("heading", level=1)).to_have_text("1 thing is in the way")

    walking.leave(page, served, alice)
    expect(page.get_by_role("heading", name="Your account has been deleted")).to_be_visible(timeout=20_000)
    for _ in range(100):
        if not kept.exists():
            break
        page.wait_for_timeout(200)
    assert not kept.exists()
    assert files_with(served.data_dir, mark) == set()
