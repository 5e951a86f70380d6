"""The archive of one's data, over pages and REST: who gets it, and when no more."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from adieu.accounts import sessions
from adieu.accounts.session_store import digest_of_key
from adieu.accounts.step_up import PROOF_HOLDS
from adieu.archives import operations
from adieu.archives.zipping import PART_SIZE
from adieu.kit.crashing import installed
from adieu.kit.downloads import NoLongerLetIn
from adieu.tenancy.queries import organizations_of
from adieu.vault.archives import LIVES, MOST_FAILURES, ArchiveGone
from adieu.vault.models import Archive, ArchivePart
from tests.support.archives import build, opened
from tests.support.chronicle import fill
from tests.support.people import leave, work
from tests.support.visitors import Visitor, enter, found, problem

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

PAGE, ASK = "/account/data/", "/account/data/ask/"
EXPORT = "/account/export"
FRAGMENT = {"HX-Request": "true"}


@pytest.fixture
def alice() -> Visitor:
    return enter("alice")


def file_page() -> str:
    return f"/account/data/{Archive.objects.get().id}/adieu-data.zip"


def have_archive(visitor: Visitor) -> str:
    """Ask on the page, let it be built, and give the address of the file."""
    assert visitor.post(ASK).status_code == 302
    assert build(timezone.now()) == 1
    return file_page()


def content_of(answer: Any) -> bytes:
    return b"".join(answer)


def test_settings_and_the_way_out_lead_to_it(alice: Visitor) -> None:
    assert f'href="{PAGE}"' in alice.shown("/account/")
    for page in ("/account/deletion/", "/account/deletion/feedback/"):
        assert f'href="{PAGE}?leaving=1"' in alice.shown(page)


def test_somebody_asks_waits_and_downloads(alice: Visitor) -> None:
    assert "Prepare archive" in alice.shown(PAGE)
    assert alice.post(ASK).headers["Location"] == PAGE
    waiting = alice.shown(PAGE)
    assert "about to be written" in waiting
    assert 'hx-trigger="every 2s"' in waiting
    assert "Reload this page" in waiting
    assert build(timezone.now()) == 1
    ready = alice.shown(PAGE)
    assert "Your archive is ready" in ready
    assert "hx-trigger" not in ready
    answer = alice.get(file_page())
    assert answer["Content-Type"] == "application/zip"
    assert answer["Content-Disposition"] == 'attachment; filename="adieu-data.zip"'
    assert answer["Cache-Control"] == "no-store"
    file = content_of(answer)
    assert len(file) == int(answer["Content-Length"])
    assert opened(file).json["profile"][0]["address"] == alice.address


def test_what_is_polled_is_a_part_of_the_page(alice: Visitor) -> None:
    alice.post(ASK)
    part = alice.browser.get(PAGE, headers=FRAGMENT)
    assert "HX-Request" in part["Vary"]
    assert b"<html" not in part.content
    assert part.content.decode().strip() in alice.shown(PAGE)


def test_progress_is_seen_while_it_is_built(alice: Visitor) -> None:
    alice.post(ASK)
    seen: list[str] = []

    def look(point: str) -> None:
        if point == "archive.table_begun":
            seen.append(alice.shown(PAGE))

    with installed(look):
        build(timezone.now())
    assert "0 of" in seen[0]
    assert "1 of" in seen[1]


def test_whoever_comes_from_the_way_out_is_led_back(alice: Visitor) -> None:
    assert "Go on with deleting your account" in alice.shown(f"{PAGE}?leaving=1")
    answer = alice.post(f"{ASK}?leaving=1")
    assert answer.headers["Location"] == f"{PAGE}?leaving=1"
    assert "Go on with deleting your account" in alice.shown(f"{PAGE}?leaving=1")
    assert "Back to account settings" in alice.shown(PAGE)


def test_a_proof_is_needed_to_ask_and_to_download_and_not_to_wait(alice: Visitor) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        alice.post(ASK)
        clock.shift(PROOF_HOLDS + timedelta(seconds=1))
        assert "about to be written" in alice.shown(PAGE)
        build(timezone.now())
        step = "/accounts/reauthenticate/?next="
        assert alice.get(PAGE).headers["Location"].startswith(step)
        # What is polled is not led away: the page would show the form in the middle of itself.
        assert b"Download archive" in alice.browser.get(PAGE, headers=FRAGMENT).content
        assert alice.get(file_page()).headers["Location"].startswith(step)
        assert alice.post(ASK).headers["Location"].startswith(step)
        assert problem(alice.api("POST", EXPORT)) == (401, "reauthentication-required")
        assert problem(alice.api("GET", f"{EXPORT}/download")) == (401, "reauthentication-required")
        assert alice.api("GET", EXPORT).json()["state"] == "ready"


def test_the_link_alone_is_worth_nothing(alice: Visitor) -> None:
    bob = enter("bob")
    page = have_archive(alice)
    assert Client().get(page).headers["Location"].startswith("/accounts/login/")
    assert bob.get(page).status_code == 404
    assert bob.get(page.replace(str(Archive.objects.get().id), str(uuid4()))).status_code == 404
    assert alice.get(page).status_code == 200


def test_a_link_whose_hour_is_over_says_so(alice: Visitor) -> None:
    now = timezone.now()
    with time_machine.travel(now, tick=False) as clock:
        page = have_archive(alice)
        clock.move_to(now + LIVES)
        alice.post("/accounts/reauthenticate/?next=/", password="a long walk in the rain")
        answer = alice.get(page)
        assert answer.status_code == 404
        assert "There is no archive of your data" in answer.content.decode()
        assert "Prepare archive" in answer.content.decode()


def test_too_many_are_refused_and_said(alice: Visitor) -> None:
    for _ in range(operations.MOST_ASKS):
        have_archive(alice)
    answer = alice.post(ASK)
    assert answer.status_code == 429
    assert "5 archives a day. The next one can be prepared in 24 hours." in answer.content.decode()
    assert int(answer["Retry-After"]) > 86_000
    refused = alice.api("POST", EXPORT)
    assert refused.status_code == 429
    assert int(refused["Retry-After"]) > 86_000


def test_one_that_could_not_be_built_is_said_and_can_be_tried_again(alice: Visitor) -> None:
    def stumble(point: str) -> None:
        if point == "archive.part_written":
            raise OSError

    alice.post(ASK)
    with installed(stumble):
        for minutes in range(MOST_FAILURES):
            build(timezone.now() + timedelta(minutes=minutes))
    assert "Your archive could not be written" in alice.shown(PAGE)
    assert alice.api("GET", EXPORT).json()["problem"] == "other"
    assert have_archive(alice)


def test_a_full_disk_is_said_in_words(alice: Visitor) -> None:
    now = timezone.now()
    alice.post(ASK)
    Archive.objects.update(state="failed", failed_at=now, problem="disk_full")
    assert "The disk of this installation is full" in alice.shown(PAGE)


def test_over_rest(alice: Visitor) -> None:
    assert problem(alice.api("GET", EXPORT)) == (404, "archive-not-found")
    assert problem(alice.api("GET", f"{EXPORT}/download")) == (404, "archive-not-found")
    begun = alice.api("POST", EXPORT)
    assert begun.status_code == 202
    assert begun.json()["state"] == "waiting"
    assert begun.json()["download_url"] is None
    assert alice.api("POST", EXPORT).json() == begun.json()
    assert problem(alice.api("GET", f"{EXPORT}/download")) == (409, "archive-not-ready")
    assert build(timezone.now()) == 1
    ready = alice.api("GET", EXPORT).json()
    assert ready["tables_done"] == ready["tables_total"]
    answer = alice.browser.get(ready["download_url"])
    assert opened(content_of(answer)).json["account"][0]["id"] == str(alice.account_id)


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("POST", ""), ("GET", "/download")])
def test_an_api_key_gets_none(alice: Visitor, method: str, path: str) -> None:
    office = found(alice, "Office")
    have_archive(alice)
    key = alice.api("POST", f"/organizations/{office}/api-keys", {"name": "laptop"}).json()["key"]
    answer = Client().generic(method, f"/api/v1{EXPORT}{path}", headers={"Authorization": f"Bearer {key}"})
    assert problem(answer) == (403, "session-required")
    assert problem(Client().generic(method, f"/api/v1{EXPORT}{path}"))[0] in {401, 403}


def test_the_rest_api_wants_the_csrf_token(alice: Visitor) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = alice.browser.cookies
    assert strict.post(f"/api/v1{EXPORT}").status_code == 403
    assert strict.post(ASK).status_code == 403
    assert not Archive.objects.exists()


@pytest.fixture
def large(alice: Visitor) -> Iterator[bytes]:
    """A file of several parts, of which the first has gone out."""
    (home,) = organizations_of(account_id=alice.account_id)
    fill(home.id, [alice.account_id], timezone.now(), count=2_000, things=9)
    page = have_archive(alice)
    parts: Iterator[bytes] = iter(alice.get(page))
    assert len(next(parts)) == PART_SIZE
    return parts


def end_the_session(alice: Visitor) -> None:
    key = digest_of_key(alice.browser.cookies["session"].value)
    assert sessions.end(account_id=alice.account_id, session_id=key)


def sign_out(alice: Visitor) -> None:
    assert alice.post("/accounts/logout/").status_code == 302


def delete_the_account(alice: Visitor) -> None:
    leave(alice.account_id, alice.address, timezone.now())


def delete_and_erase(alice: Visitor) -> None:
    delete_the_account(alice)
    work(timezone.now())
    assert not ArchivePart.objects.exists()


def ask_anew(alice: Visitor) -> None:
    assert alice.post(ASK).status_code == 302


@pytest.mark.parametrize(
    "end",
    [end_the_session, sign_out, delete_the_account, delete_and_erase, ask_anew],
    ids=lambda end: end.__name__,
)
def test_what_ends_ends_the_download(
    alice: Visitor, large: Iterator[bytes], end: Callable[[Visitor], None]
) -> None:
    end(alice)
    with pytest.raises((NoLongerLetIn, ArchiveGone)):
        next(large)


def test_nobody_who_left_can_ask_or_download(alice: Visitor) -> None:
    page = have_archive(alice)
    delete_the_account(alice)
    for answer in (alice.get(PAGE), alice.get(page), alice.post(ASK)):
        assert answer.headers["Location"].startswith("/accounts/login/")
    for method, path in (("GET", EXPORT), ("POST", EXPORT), ("GET", f"{EXPORT}/download")):
        assert problem(alice.api(method, path)) == (401, "not-signed-in")
