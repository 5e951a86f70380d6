"""The activity log as a page and over REST: the same filters, for owners only (Rule V3)."""

import csv
import io
import json
import re
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.html import escape

from adieu.accounts.models import Account
from adieu.activities.models import Activity
from adieu.tenancy import members
from adieu.tenancy.information import Information
from adieu.tenancy.models import Role
from adieu.tenancy.operations import change_organization
from adieu.tenancy.queries import organizations_of
from adieu.vault.operations import change_profile
from tests.support.chronicle import happen, newest_first
from tests.support.entrance import join_by_browser
from tests.support.people import join, leave
from tests.support.rooms import make_organization, make_project, put_into

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

ALICE, BOB, CHARLIE = "alice@example.org", "bob@example.org", "charlie@example.org"
SECRET = "Wonderland"


class Window:
    """Alice, who owns an organization, at its activities."""

    def __init__(self) -> None:
        self.browser = join_by_browser(ALICE)
        self.alice = Account.objects.latest("registered_at").pk
        self.now = timezone.now()
        self.organization_id = make_organization(self.alice, self.now, name="Research")
        make_project(self.organization_id, self.alice, self.now, name=SECRET)

    @property
    def page(self) -> str:
        return f"/organizations/{self.organization_id}/activities/"

    @property
    def api(self) -> str:
        return f"/api/v1/organizations/{self.organization_id}/activities"

    def look(self, **asked: object) -> Any:
        return self.browser.get(f"{self.page}?{urlencode(asked)}")

    def ask(self, **asked: object) -> Any:
        return self.browser.get(f"{self.api}?{urlencode(asked)}")

    def take(self, form: str, **asked: object) -> str:
        """Export over both doors, which give the same."""
        query = urlencode({"format": form, **asked})
        by_page: Any = self.browser.get(f"{self.page}export/?{query}")
        by_api: Any = self.browser.get(f"{self.api}/export?{query}")
        assert by_page.status_code == by_api.status_code == 200
        assert by_page.headers["Content-Disposition"] == f'attachment; filename="activities.{form}"'
        written = b"".join(by_page.streaming_content)
        assert written == b"".join(by_api.streaming_content)
        return written.decode()

    def everything(self, **asked: object) -> list[dict[str, Any]]:
        """Turn every page of the API."""
        found, cursor = [], ""
        while cursor is not None:
            answer = self.ask(**asked, **({"cursor": cursor} if cursor else {})).json()
            found += answer["items"]
            cursor = answer["next_cursor"]
        return found


@pytest.fixture
def window() -> Window:
    return Window()


def rows_of(answer: Any) -> list[str]:
    """Read the lines of the list as somebody sees them."""
    body = answer.content.decode().partition("<tbody>")[2].partition("</tbody>")[0]
    cells = re.findall(r"<tr>\s*<td>(.*?)</td>", body, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", "", cell).split()) for cell in cells]


def test_the_page_says_who_did_what_to_which_thing(window: Window) -> None:
    change_profile(account_id=window.alice, name="Alice Liddell", company="", country="")
    assert set(rows_of(window.look())) == {
        f"Alice Liddell created a project: {SECRET}",
        "Alice Liddell created the organization: Research",
    }


def test_the_page_filters_and_keeps_what_was_asked(window: Window) -> None:
    shown = window.look(kind="project.created", subject=SECRET.lower(), actor=window.alice)
    assert len(rows_of(shown)) == 1
    body = shown.content.decode()
    assert '<option value="project.created" selected>' in body
    assert f'value="{SECRET.lower()}"' in body
    assert f'<option value="{window.alice}" selected>' in body
    assert rows_of(window.look(level="error")) == []
    assert "Nothing here matches the filters" in window.look(level="error").content.decode()


@pytest.mark.parametrize(
    "asked",
    [
        {"since": "yesterday"},
        {"since": "2030-13-01"},
        {"kind": "project.exploded"},
        {"level": "<script>"},
        {"actor": "nobody"},
        {"actor": str(uuid4())},
        {"subject_kind": "person"},
        {"subject": "x" * 65},
        {"subject": "\0"},
        {"order": "sideways"},
        {"since": "2030-03-05", "until": "2030-03-04"},
    ],
    ids=str,
)
def test_what_cannot_be_asked_is_refused_in_words(window: Window, asked: dict[str, str]) -> None:
    refused = window.look(**asked)
    assert refused.status_code == 422
    assert rows_of(refused) == []
    assert 'role="alert"' in refused.content.decode()
    assert "<script>" not in refused.content.decode().partition("<main")[2]
    exported = window.browser.get(f"{window.page}export/?{urlencode({'format': 'csv', **asked})}")
    assert exported.status_code == 400


@pytest.mark.parametrize(
    "asked",
    [
        {"since": "yesterday"},
        {"since": "2030-03-04T09:30:00"},
        {"kind": "project.exploded"},
        {"level": "fatal"},
        {"actor": "nobody"},
        {"subject_kind": "person"},
        {"subject": "x" * 65},
        {"subject": "\0"},
        {"order": "sideways"},
        {"limit": 0},
        {"limit": 101},
        {"cursor": "x"},
    ],
    ids=str,
)
def test_the_api_refuses_the_same(window: Window, asked: dict[str, object]) -> None:
    refused = window.ask(**asked)
    assert (refused.status_code, refused.headers["Content-Type"]) == (422, "application/problem+json")


def test_a_format_that_is_not_known_is_refused(window: Window) -> None:
    assert window.browser.get(f"{window.page}export/").status_code == 400
    assert window.browser.get(f"{window.page}export/?format=exe").status_code == 400
    assert window.browser.get(f"{window.api}/export").status_code == 422
    assert window.browser.get(f"{window.api}/export?format=exe").status_code == 422


def test_pages_of_both_doors_show_everything_once(window: Window) -> None:
    happen(window.organization_id, [window.alice, None], window.now, count=130)
    expected = [
        str(each.id) for each in newest_first(Activity.objects.filter(organization_id=window.organization_id))
    ]
    assert [item["id"] for item in window.everything(limit=17)] == expected
    shown, page = [], window.look()
    for _ in range(5):
        shown += rows_of(page)
        following = re.search(r'href="(\?[^"]*cursor=[^"]+)" rel="next"', page.content.decode())
        if not following:
            break
        page = window.browser.get(window.page + following.group(1).replace("&amp;", "&"))
    assert len(shown) == 132


def test_a_cursor_of_other_filters_starts_the_page_again(window: Window) -> None:
    happen(window.organization_id, [window.alice], window.now, count=60)
    cursor = window.ask().json()["next_cursor"]
    assert window.ask(level="info", cursor=cursor).status_code == 422
    again = window.look(level="info", cursor=cursor)
    assert (again.status_code, again.headers["Location"]) == (302, f"{window.page}?level=info")


def test_a_cursor_is_no_way_into_another_organization(window: Window) -> None:
    happen(window.organization_id, [window.alice], window.now, count=60)
    cursor = window.ask().json()["next_cursor"]
    owned = organizations_of(account_id=window.alice)
    other = next(each.id for each in owned if each.id != window.organization_id)
    refused = window.browser.get(f"/api/v1/organizations/{other}/activities?cursor={cursor}")
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:adieu:problem:cursor-not-known")


@pytest.mark.parametrize(
    "asked", [{}, {"level": "warning"}, {"order": "oldest", "subject_kind": "project"}], ids=str
)
def test_exports_hold_what_the_list_shows(window: Window, asked: dict[str, str]) -> None:
    happen(window.organization_id, [window.alice, None], window.now, count=130)
    listed = window.everything(**asked)
    lines = [json.loads(line) for line in window.take("jsonl", **asked).splitlines()]
    assert [_comparable(line) for line in lines] == [_comparable(item) for item in listed]
    rows = list(csv.DictReader(io.StringIO(window.take("csv", **asked), newline="")))
    assert [row["id"] for row in rows] == [item["id"] for item in listed]
    assert [row["actor"] for row in rows] == [item["actor"]["name"] for item in listed]


def _comparable(item: dict[str, Any]) -> dict[str, Any]:
    return {**item, "recorded_at": datetime.fromisoformat(item["recorded_at"]).replace(microsecond=0)}


def test_times_are_those_of_the_organization(window: Window) -> None:
    kolkata = Information(name="Research", time_zone="Asia/Kolkata")
    change_organization(
        organization_id=window.organization_id, account_id=window.alice, information=kolkata, now=window.now
    )
    local = window.now + timedelta(hours=5, minutes=30)
    assert f"{local.day} {local:%b %Y, %H:%M}\N{NO-BREAK SPACE}IST" in window.look().content.decode()
    assert window.ask().json()["items"][0]["recorded_at"].endswith("+05:30")


# Who may look


def doors_of(window: Window) -> list[str]:
    query = "?format=csv"
    return [window.page, f"{window.page}export/{query}", window.api, f"{window.api}/export{query}"]


def body_of(answer: Any) -> str:
    return (b"".join(answer.streaming_content) if answer.streaming else answer.content).decode()


def test_a_stranger_learns_nothing(window: Window) -> None:
    bobs = join_by_browser(BOB)
    happen(window.organization_id, [window.alice], window.now, count=3)
    for door in doors_of(window):
        refused = bobs.get(door)
        missing = bobs.get(door.replace(str(window.organization_id), str(uuid4())))
        assert refused.status_code == missing.status_code == 404
        assert _without_tokens(body_of(refused)) == _without_tokens(body_of(missing))
        for secret in (SECRET, "Research", str(window.alice), ALICE):
            assert secret not in body_of(refused)
        # Whatever is asked for, also what would be refused, or would tell whether something is there.
        for asked in (f"actor={window.alice}", f"subject={SECRET}", "level=fatal", "cursor=x"):
            again = bobs.get(f"{door}{'&' if '?' in door else '?'}{asked}")
            assert again.status_code in {404, 422}
            assert again.status_code == missing_with(bobs, door, window, asked)


def missing_with(browser: Client, door: str, window: Window, asked: str) -> int:
    elsewhere = door.replace(str(window.organization_id), str(uuid4()))
    return int(browser.get(f"{elsewhere}{'&' if '?' in door else '?'}{asked}").status_code)


def test_a_member_may_not_look(window: Window) -> None:
    bobs = join_by_browser(BOB)
    bob = Account.objects.latest("registered_at").pk
    put_into(window.organization_id, bob, window.now)
    for door in doors_of(window):
        refused = bobs.get(door)
        assert refused.status_code == 403
        for secret in (SECRET, str(window.alice), ALICE):
            assert secret not in body_of(refused)
    home = bobs.get(f"/organizations/{window.organization_id}/").content.decode()
    assert window.page not in home
    members.change_role(
        organization_id=window.organization_id,
        account_id=window.alice,
        member_id=bob,
        role=Role.OWNER,
        now=window.now,
    )
    assert [bobs.get(door).status_code for door in doors_of(window)] == [200] * 4
    assert window.page in bobs.get(f"/organizations/{window.organization_id}/").content.decode()


def test_who_is_not_signed_in_may_not_look(window: Window) -> None:
    nobody = Client()
    assert [nobody.get(door).status_code for door in doors_of(window)] == [302, 302, 401, 401]


def test_nothing_is_changed_by_these_doors(window: Window) -> None:
    before = list(Activity.objects.order_by("id").values())
    for door in doors_of(window):
        for method in (window.browser.post, window.browser.delete, window.browser.put):
            assert method(door).status_code == 405
    assert list(Activity.objects.order_by("id").values()) == before


def test_an_erased_member_is_a_deleted_account_everywhere(window: Window, now: datetime) -> None:
    bob = join(BOB, window.now)
    change_profile(account_id=bob, name="Bob Dormouse", company="", country="")
    put_into(window.organization_id, bob, window.now, role=Role.OWNER)
    make_project(window.organization_id, bob, window.now, name="Tea party")
    assert "Bob Dormouse" in window.look().content.decode()
    leave(bob, BOB, window.now)
    shown = window.look(actor=bob)
    assert "Deleted account created a project: Tea party" in rows_of(shown)
    assert "Deleted account deleted their account" in rows_of(shown)
    written = [
        shown.content.decode(),
        window.ask().content.decode(),
        window.take("csv"),
        window.take("jsonl"),
    ]
    for text in written:
        assert "Deleted account" in text
        assert "Bob" not in text
        assert BOB not in text


@pytest.mark.parametrize(
    "hostile", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7|add:7 }}"]
)
def test_hostile_names_are_only_text(window: Window, hostile: str) -> None:
    make_project(window.organization_id, window.alice, window.now, name=hostile)
    change_profile(account_id=window.alice, name=hostile, company="", country="")
    shown = window.look().content.decode().partition("<main")[2]
    assert escape(hostile) in shown
    assert hostile not in shown.replace(escape(hostile), "")
    assert window.ask(subject=hostile).json()["items"][0]["subject"]["name"] == hostile


def _without_tokens(body: str) -> str:
    """Drop what is another on every page: tokens, nonces, and the address itself."""
    body = re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"', "", body)
    return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "", body)
