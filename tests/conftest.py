"""The ground that all tests stand on: a data folder of their own, and real databases."""

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.support import browser as chromium
from tests.support.served import Served, serve

DATA = Path(tempfile.mkdtemp(prefix="adieu-tests-"))
atexit.register(shutil.rmtree, DATA, ignore_errors=True)
for name in [name for name in os.environ if name.startswith("ADIEU_")]:
    del os.environ[name]
os.environ["ADIEU_DATA_DIR"] = str(DATA / "data")
os.environ["DJANGO_SETTINGS_MODULE"] = "adieu.config.settings"
# Playwright's synchronous interface runs a loop in the main thread, which Django takes for asynchronous code.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database",
        choices=["sqlite", "postgresql"],
        default="sqlite",
        help="what main database and vault are; postgresql uses the server of TEST_DATABASE_URL (the address"
        " of a superuser; it must be fit for a vault), or starts one of its own",
    )
    parser.addoption("--long", action="store_true", help="also run the tests that are marked as long")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the long tests unless they are asked for, and those that are about the other database."""
    left_out = [item for item in items if _is_left_out(item, config)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print what tests measured or counted, each as they said it with `record_property`."""
    passed = terminalreporter.stats.get("passed", [])
    figures = [figure for report in passed for figure in report.user_properties]
    if figures:
        terminalreporter.section(f"figures on {config.getoption('--database')}")
    for name, value in figures:
        terminalreporter.write_line(f"{name}: {value}")


def _is_left_out(item: pytest.Item, config: pytest.Config) -> bool:
    only_on = item.get_closest_marker("only_on")
    is_of_other = only_on is not None and config.getoption("--database") not in only_on.args
    return is_of_other or bool(item.get_closest_marker("long") and not config.getoption("--long"))


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--database") == "postgresql":
        os.environ |= _postgresql()
    # Settings load here, after the environment is set and before pytest-django looks for them.
    from django.conf import settings

    from adieu.ledger.entries import Kind
    from adieu.ledger.places import installed_ledger

    # Never made by a deletion itself: a ledger that is missing stops the start.
    installed_ledger().create()
    opened = {"installation": "00000000-0000-4000-8000-00000000ad1e"}
    installed_ledger().append(kind=Kind.OPENED, body=opened, now=datetime(2030, 1, 1, tzinfo=UTC))
    settings.PASSWORD_HASHERS = ["tests.support.passwords.QuickHasher"]
    # Files, not memory: SQLite in memory knows neither the write-ahead log nor real locks.
    for alias, database in settings.DATABASES.items():
        if database["ENGINE"].endswith("sqlite3"):
            database["TEST"] = {"NAME": DATA / f"test-{alias}.sqlite3"}
            if alias == "default":
                _do_not_wait_for_the_disk(database)


def _do_not_wait_for_the_disk(database: dict[str, Any]) -> None:
    """Nobody pulls the plug of this process, and a process that is killed loses nothing without it."""
    given = database["OPTIONS"]["init_command"]
    database["OPTIONS"]["init_command"] = given.replace("synchronous=FULL", "synchronous=OFF")


def _postgresql() -> dict[str, str]:
    """Give the addresses of main database and vault, on one server."""
    from tests.support.postgresql import at, put_tools_on_path, start

    server = os.environ.get("TEST_DATABASE_URL")
    if not server:
        server = start(DATA / "postgresql", is_fit_for_a_vault=True)
        put_tools_on_path()
    # Tests make their own databases beside these; the server is reached by one that is there.
    return {"ADIEU_DATABASE_URL": server, "ADIEU_VAULT_URL": at(server, "adieu_vault")}


@pytest.fixture(scope="session", autouse=True)
def _tables_are_emptied_quickly() -> None:
    from tests.support.emptying import empty_quickly

    empty_quickly()


@pytest.fixture
def now() -> datetime:
    """The fixed moment at which a test takes place."""
    return datetime(2030, 3, 4, 9, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _organizations_go_first(request: pytest.FixtureRequest) -> Iterator[None]:
    """Delete what the database keeps, before Django empties the tables (Rules O2, V1)."""
    marker = request.node.get_closest_marker("django_db")
    if marker is None:
        yield
        return
    from adieu.kit import sql
    from tests.support import history

    # Asked for, so that what follows here runs before its own end.
    request.getfixturevalue("_django_db_helper")
    history.keep()
    yield
    if marker.kwargs.get("transaction"):
        sql.run("DELETE FROM clusters_cluster")
        sql.run("DELETE FROM tenancy_organization")
        history.let_go()


@pytest.fixture(scope="session")
def served() -> Iterator[Served]:
    """A console that runs as in production, with real mail; all journeys share it."""
    with serve(DATA / "served") as running:
        yield running


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium.find(), args=chromium.ARGUMENTS)
        yield running
        running.close()


@pytest.fixture
def page(browser: Browser, served: Served) -> Iterator[Page]:
    """A fresh browser window at the console, from an address that no other test has."""
    yield from _window(browser, served, has_script=True)


@pytest.fixture
def page_without_script(browser: Browser, served: Served) -> Iterator[Page]:
    """The same with JavaScript off."""
    yield from _window(browser, served, has_script=False)


def _window(browser: Browser, served: Served, *, has_script: bool) -> Iterator[Page]:
    context = browser.new_context(
        base_url=served.url, java_script_enabled=has_script, extra_http_headers=served.visitor_headers()
    )
    context.set_default_timeout(10_000)
    yield context.new_page()
    context.close()
