"""The archive of a person's data: what is in it (GDPR, Articles 15 and 20)."""

import tracemalloc
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from django.utils import timezone

from adieu.accounts.operations import change_profile
from adieu.archives import operations
from adieu.archives.zipping import PART_SIZE
from adieu.tenancy import api_keys, invitations
from adieu.tenancy.models import Role
from tests.support.archives import archive_of, build, fetch
from tests.support.chronicle import fill
from tests.support.people import join
from tests.support.visitors import admit, enter, found

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

ALICE, BOB = "alice@example.org", "bob@example.org"
SECOND = timedelta(seconds=1)


@pytest.fixture
def alice(now: datetime) -> UUID:
    return join(ALICE, now)


def test_the_archive_says_who_one_is_in_json_and_csv(now: datetime, alice: UUID) -> None:
    change_profile(account_id=alice, name="Alice", company="Gärtnerei", country="IS")
    archive = archive_of(alice, now)
    (profile,) = archive.json["profile"]
    assert (profile["address"], profile["name"], profile["company"], profile["country"]) == (
        ALICE,
        "Alice",
        "Gärtnerei",
        "IS",
    )
    assert archive.csv["profile"] == [profile]
    assert archive.json["account"][0]["id"] == str(alice)
    assert archive.json["account"][0]["registered_at"] == now.isoformat().replace("+00:00", "Z")
    assert [row["address"] for row in archive.json["addresses"]] == [ALICE]
    assert archive.json["addresses"][0]["is_verified"] is True
    assert archive.csv["addresses"][0]["is_verified"] == "true"
    assert [row["role"] for row in archive.json["organizations"]] == ["owner"]
    assert [row["project"] for row in archive.json["projects"]] == ["Default Project"]


def test_the_readme_speaks_of_every_file_and_every_column(now: datetime, alice: UUID) -> None:
    archive = archive_of(alice, now)
    for name, columns in archive.columns.items():
        assert f"{name}.json, {name}.csv\n" in archive.readme
        assert [column for column in columns if f"\n  {column}: " not in archive.readme] == []
    assert max(map(len, archive.readme.splitlines())) <= 110


def test_names_of_files_are_the_same_for_everybody(now: datetime, alice: UUID) -> None:
    bob = join(BOB, now)
    assert archive_of(alice, now).json.keys() == archive_of(bob, now).json.keys()


def test_nothing_of_anybody_else_is_in_it() -> None:
    """Bob and Charlie share an office with Alice, are invited by her, and act there."""
    now = timezone.now()
    alice, bob, charlie = enter("alice"), enter("bob"), enter("charlie")
    office = found(alice, "Office")
    admit(office, bob, Role.OWNER)
    admit(office, charlie)
    names = {bob: "Bob Tzqbob", charlie: "Charlie Tzqcharlie"}
    for visitor, name in names.items():
        change_profile(account_id=visitor.account_id, name=name, company=f"Works of {name}", country="")
        for by in (alice, visitor):
            fill(office, [by.account_id, visitor.account_id], now, count=30, things=3)
    for by, address in ((alice, "dora@example.org"), (bob, "emil@example.org")):
        invitations.invite(
            organization_id=office,
            account_id=by.account_id,
            addresses=[address],
            role=Role.MEMBER,
            now=now,
        )
    archive = archive_of(alice.account_id, now)
    assert {row["by"] for row in archive.json["activities"]} == {"you"}
    assert len(archive.json["invitations_sent"]) == 1
    theirs = [*names.values(), *(visitor.address for visitor in names), "dora", "emil", "Tzq"]
    theirs += [str(visitor.account_id) for visitor in names]
    assert [each for each in theirs if each in archive.text] == []
    assert ALICE in archive.text


def test_what_was_done_about_the_person_is_in_it_and_not_who_did_it() -> None:
    alice, bob = enter("alice"), enter("bob")
    office = found(bob, "Office")
    bob.api("POST", f"/organizations/{office}/invitations", {"emails": [alice.address]})
    admit(office, alice)
    bob.api("PATCH", f"/organizations/{office}/members/{alice.account_id}", {"role": "owner"})
    rows = archive_of(alice.account_id, timezone.now()).json["activities"]
    about_her = [row for row in rows if row["subject_id"] == str(alice.account_id) and row["by"] != "you"]
    assert [(row["by"], row["kind"]) for row in about_her] == [
        ("somebody else", "organization.member_role_changed")
    ]
    alice.api("PATCH", f"/organizations/{office}/members/{bob.account_id}", {"role": "member"})
    rows = archive_of(alice.account_id, timezone.now()).json["activities"]
    changed = [row for row in rows if row["kind"] == "organization.member_role_changed"]
    assert [row["subject_id"] for row in changed if row["by"] == "you"] == [None]


def test_no_secret_is_in_it() -> None:
    alice = enter("alice")
    office = found(alice, "Office")
    key = api_keys.create(
        account_id=alice.account_id,
        organization_id=office,
        name="laptop",
        expires_at=None,
        now=timezone.now(),
    )
    archive = archive_of(alice.account_id, timezone.now())
    assert [row["name"] for row in archive.json["api_keys"]] == ["laptop"]
    session = alice.browser.cookies["session"].value
    assert [row["user_agent"] for row in archive.json["sessions"]] == [""]
    assert [row["network_address"] for row in archive.json["sessions"]] == ["127.0.0.1"]
    assert [each for each in (key.secret, session, "argon2", "sealed.invalid") if each in archive.text] == []


HOSTILE = [
    "=HYPERLINK(1)",
    "+1+1",
    "-2",
    "@SUM(A1)",
    '"; =1+1; "',
    "\N{FULLWIDTH EQUALS SIGN}1",
    "../../etc/passwd",
    "<script>alert(1)</script>",
    "\N{HEBREW LETTER ALEF}\N{HEBREW LETTER BET}\N{RIGHT-TO-LEFT MARK}",
    "\N{WAVING HAND SIGN}\N{EMOJI MODIFIER FITZPATRICK TYPE-5}",
    "a,b;c\\d'e\"f",
    "%s {0} ${x}",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_data(now: datetime, alice: UUID, name: str) -> None:
    change_profile(account_id=alice, name=name, company="", country="")
    archive = archive_of(alice, now)
    assert archive.json["profile"][0]["name"] == name
    cell = archive.csv["profile"][0]["name"]
    assert cell.removeprefix("'") == name
    assert not cell.startswith(("=", "+", "-", "@", "\N{FULLWIDTH EQUALS SIGN}"))
    assert set(archive.json) == set(archive.csv)


def test_ten_thousand_activities_take_little_memory(record_property: object, now: datetime) -> None:
    alice = enter("alice")
    office = found(alice, "Office")
    fill(office, [alice.account_id], now, count=10_000, things=50)
    operations.ask(account_id=alice.account_id, now=now)
    tracemalloc.start()
    assert build(now) == 1
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    progress = operations.progress(account_id=alice.account_id, now=now)
    assert progress
    assert progress.size > 10 * PART_SIZE
    # It takes a few parts and a batch of rows at a time, however much there is.
    assert most < progress.size
    assert len(fetch(alice.account_id, now).json["activities"]) >= 10_000
    note: object = record_property
    assert callable(note)
    note("bytes of an archive with 10,000 activities", progress.size)
    note("most bytes of memory taken while it was built", most)
