"""Nothing of a person gets into what is printed or logged, whatever is sent and whatever breaks (Rule P1).

A console as an operator runs it is driven with marks wherever a person can put something: every URL of the
URL conf and every endpoint of the OpenAPI description, as nobody, with a session and with an API key; then
with requests that are broken; then once more while its databases refuse every write and quote the row.
"""

import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from tests.support import sabotage
from tests.support.driving import Answer, Driver
from tests.support.malformed import malformed_requests, send_raw
from tests.support.marked_world import MarkedWorld
from tests.support.people import PASSWORD
from tests.support.scanning import Scanner
from tests.support.served import serve
from tests.support.server_log import read_server_log, tell_all, violate_every_unique_index
from tests.support.smtp import Mode
from tests.support.targets import FIELD, Target, endpoints, pages

SECONDS = 20
LINE = re.compile(
    r"\d{4}-\d\d-\d\dT[\d:]+[+-]\d{4} (?:INFO|WARNING|ERROR|CRITICAL) "
    r"[a-z_]+(?:\.[a-z_]+)+(?: \w+=[\w.,:/<>?-]+)*"
)
# Where somebody is, and things are, no more afterwards; these come last.
ENDING = re.compile(
    "logout|end|leave|delete|drop|remove|decline|accept|revoke|reset|hand-over|ownership|DELETE"
)

type Recorder = Callable[[str, object], None]


@dataclass
class Driven:
    """A console that was driven, and what came of it."""

    world: MarkedWorld
    labels: set[str] = field(default_factory=set)
    broken: list[Answer] = field(default_factory=list)
    violated: list[str] = field(default_factory=list)
    malformed: int = 0

    @property
    def log(self) -> str:
        return self.world.served.log

    @property
    def answers(self) -> list[Answer]:
        return self.world.alice.answers

    @property
    def database_url(self) -> str:
        return self.world.served.settings["ADIEU_DATABASE_URL"]


@pytest.fixture(scope="module")
def driven(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driven]:
    """Drive everything."""
    with serve(tmp_path_factory.mktemp("logs"), ADIEU_WEB_PROCESSES="1") as running:
        found = Driven(MarkedWorld(running))
        if found.database_url:
            tell_all(found.database_url)
        call_every_endpoint(found)
        open_every_page(found)
        send_what_is_broken(found)
        found.world.let_bob_go()
        found.world.furnish()
        if found.database_url:
            found.violated = violate_every_unique_index(found.database_url)
        break_databases(found)
        yield found


def call_every_endpoint(driven: Driven) -> None:
    """Call each as described and against it, as nobody, with a key, and as Alice."""
    world = driven.world
    world.furnish()
    for endpoint in sorted(endpoints(), key=lambda each: (not each.is_of_zilliz, is_ending(each))):
        call(driven, world.nobody, endpoint, is_believable=False)
        call(driven, world.keyed, endpoint, is_believable=False)
        if endpoint.is_of_zilliz:
            # A session counts for nothing there, which is tried below.
            call(driven, world.keyed, endpoint, is_believable=True)
        call(driven, world.sign_in(), endpoint, is_believable=False)
        call(driven, world.alice, endpoint, is_believable=True)


def open_every_page(driven: Driven) -> None:
    """Look at each and send it forms, as nobody and as Alice."""
    world = driven.world
    world.furnish()
    names = fields_of_all_forms(world)
    for page in sorted(pages(), key=is_ending):
        open_page(driven, world.nobody, page, names, is_believable=False)
        open_page(driven, world.sign_in(), page, names, is_believable=False)
        open_page(driven, world.alice, page, names, is_believable=True)


def is_ending(target: Target) -> bool:
    return bool(ENDING.search(target.label))


def fields_of_all_forms(world: MarkedWorld) -> list[str]:
    """Gather the name of every field that any page shows to Alice."""
    shown = [world.filling.path(page, is_real=True) for page in pages() if page.method == "GET"]
    texts = [world.alice.send("GET", path).body.decode(errors="replace") for path in shown]
    return sorted({name for text in texts for name in FIELD.findall(text)} - {"csrfmiddlewaretoken"})


def open_page(driven: Driven, driver: Driver, page: Target, names: list[str], *, is_believable: bool) -> None:
    """Ask for a page, or send it a form: one that it may take, or marks in every field there is."""
    driven.labels.add(page.label)
    filling, word = driven.world.filling, driven.world.marks.word
    if page.method == "GET":
        path = filling.path(page, is_real=is_believable)
        driver.send("GET", path if is_believable else f"{path}?{filling.query(page)}", label=page.label)
        return
    believable = {name: filling.believable(page, name) for name in names}
    marked = {name: filling.marked(page, name) for name in [*names, word()]}
    query = "" if is_believable else f"?{filling.query(page)}"
    path = filling.path(page, is_real=True)
    driver.form(f"{path}{query}", believable if is_believable else marked, label=page.label)


def call(driven: Driven, driver: Driver, endpoint: Target, *, is_believable: bool) -> None:
    """Call an endpoint as described, or with marks in its body and query; without a body, in its address."""
    driven.labels.add(endpoint.label)
    filling, schema = driven.world.filling, endpoint.schema
    body = filling.json(endpoint, schema, is_believable=is_believable) if schema else None
    path = filling.path(endpoint, is_real=is_believable or schema is not None)
    query = "" if is_believable else f"?{filling.query(endpoint)}"
    driver.rest(endpoint.method, f"{path}{query}", body, label=endpoint.label)


def send_what_is_broken(driven: Driven) -> None:
    """Send what no browser sends."""
    world = driven.world
    session = world.sign_in().cookies["session"]
    for _, content in malformed_requests(world.served.url, world.marks, session=session):
        send_raw(world.served.url, content)
        driven.malformed += 1


def break_databases(driven: Driven) -> None:
    """Let the worker and every write fail, with the row in the message; then let reads fail."""
    world, url = driven.world, driven.database_url
    main, vault = (world.served.data_dir / f"{name}.sqlite3" for name in ("adieu", "vault"))
    alice, before = world.sign_in(), len(driven.answers)
    world.furnish()
    keep_a_mail_waiting(world)
    if url:
        sabotage.sabotage_postgresql(url)
    else:
        sabotage.sabotage_sqlite(main)
    sabotage.sabotage_sqlite(vault)
    until(lambda: "worker.notices_failed" in driven.log)
    for target in [*endpoints(), *pages()]:
        write_in_vain(world, target)
    sabotage.take_away(url, main, "tenancy_organizationmembership", "joined_at")
    for target in [*endpoints(), *pages()]:
        if target.method == "GET":
            path = f"{world.filling.path(target, is_real=True)}"
            alice.send("GET", path, label=target.label)
    driven.broken = [answer for answer in driven.answers[before:] if answer.status >= 500]


def keep_a_mail_waiting(world: MarkedWorld) -> None:
    """Have mail servers refuse one mail for good and one for now, in words that quote the address."""
    for mode, event in ((Mode.REFUSE_RECIPIENT, "notice.refused"), (Mode.TEMPORARY, "notice.temporary")):
        world.served.mailbox.set_mode(mode)
        world.nobody.form("/accounts/password/reset/", {"email": world.addresses["alice"]})
        until(lambda: event in world.served.log)  # noqa: B023 - asked at once


def write_in_vain(world: MarkedWorld, target: Target) -> None:
    path, filling = world.filling.path(target, is_real=True), world.filling
    if target.is_endpoint and target.method != "GET":
        body = filling.json(target, target.schema, is_believable=True) if target.schema else None
        world.alice.rest(target.method, path, body, label=target.label)
    elif target.method == "POST" and "logout" not in path:
        names = ["name", "email", "addresses", "role", "comment", "reason", "password1", "login", "terms"]
        values = {name: filling.believable(target, name) for name in names}
        world.alice.form(path, values, label=target.label)


def until(has_come: Callable[[], bool]) -> None:
    """Wait for something that another process does."""
    never = threading.Event()
    for _ in range(SECONDS * 50):
        if has_come():
            return
        never.wait(0.02)
    raise AssertionError(has_come)


def test_nothing_that_was_sent_is_in_the_log(driven: Driven, record_property: Recorder) -> None:
    assert Scanner(driven.world.marks.stems).in_text(driven.log, name="log") == []
    assert PASSWORD not in driven.log
    record_property("requests sent with marks", len(driven.answers) + driven.malformed)
    record_property("bytes of log without a mark", len(driven.log.encode()))


def test_every_url_and_every_endpoint_was_driven(driven: Driven, record_property: Recorder) -> None:
    wanted = {target.label for target in [*pages(), *endpoints()]}
    assert wanted == driven.labels
    answered = {answer.target for answer in driven.answers if answer.status < 400} & wanted
    # Reached, not only refused at the door.
    assert len(answered) > 0.6 * len(wanted), sorted(wanted - answered)
    record_property("URLs driven with marks", len({page.path for page in pages()}))
    record_property("endpoints driven with marks", len(endpoints()))


def test_nothing_broke_before_the_databases_did(driven: Driven) -> None:
    broken = {answer.request_id for answer in driven.broken}
    early = [each for each in driven.answers if each.status >= 500 and each.request_id not in broken]
    assert [(each.target, each.status) for each in early] == []


def test_every_failure_has_one_line(driven: Driven, record_property: Recorder) -> None:
    """With an event, the request's id, what was raised, and where in our code."""
    assert len(driven.broken) > 40
    for answer in driven.broken:
        has_id = f" request={answer.request_id} "
        until(lambda: has_id in driven.log)  # noqa: B023 - asked at once
        [line] = [line for line in driven.log.splitlines() if has_id in line]
        assert " ERROR request.failed " in line
        assert f"status={answer.status} exception=django.db.utils." in line
        assert re.search(r"\bat=[\w./,:-]*(?:adieu|console|api|deletion)/[\w/]+\.py:\d+", line), line
    record_property("failures with one line each", len(driven.broken))


def test_every_line_is_one_of_ours(driven: Driven) -> None:
    """What a library prints by itself looks different."""
    started, *lines = driven.log.splitlines()[2:]
    assert started.startswith("Mail:")
    assert [line for line in lines if not LINE.fullmatch(line)] == []


@pytest.mark.only_on("postgresql")
def test_the_server_of_the_main_database_logs_nobody(driven: Driven, record_property: Recorder) -> None:
    """Though it was told to log every statement with its values, and every index was violated."""
    log = read_server_log(driven.database_url)
    assert b"already exists." in log
    assert b"Failing row contains" in log
    assert len(driven.violated) > 20
    marks = driven.world.marks
    assert marks.thing.encode() in log
    assert Scanner((marks.person, marks.network)).in_bytes(log, name="server log") == []
    record_property("bytes of the PostgreSQL server's log without a person", len(log))
    record_property("unique indexes violated", len(driven.violated))
