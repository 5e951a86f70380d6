"""The activity log: append-only, filtered, paged, exported, for owners (Rules V1 to V3)."""

import csv
import io
import itertools
import json
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, connection

from adieu.activities.kinds import Kind, Level
from adieu.activities.models import Activity
from adieu.activities.operations import record, record_in_each
from adieu.activities.queries import Order
from adieu.kit.downloads import STARTS_A_FORMULA
from adieu.kit.transactions import transaction
from adieu.tenancy import activity_log, members, ownership
from adieu.tenancy.activity_export import Format, export
from adieu.tenancy.activity_log import Entry, Wanted
from adieu.tenancy.information import Information
from adieu.tenancy.models import Role
from adieu.tenancy.operations import change_organization, create_organization
from adieu.tenancy.permissions import NotAllowed, OrganizationNotFound
from adieu.vault.models import Entry as VaultEntry
from adieu.vault.operations import change_profile
from tests.support.chronicle import happen, newest_first
from tests.support.people import join, leave

pytestmark = pytest.mark.django_db(databases=["default", "vault"])

ALICE, BOB, CHARLIE = "alice@example.org", "bob@example.org", "charlie@example.org"
FIRST = str(UUID(int=0))


@dataclass(frozen=True)
class Place:
    """Where a page begins."""

    cursor: str = ""
    limit: int = 7


def name(account_id: UUID, name: str) -> UUID:
    change_profile(account_id=account_id, name=name, company="", country="")
    return account_id


def admit(organization_id: UUID, account_id: UUID, now: datetime, role: Role = Role.MEMBER) -> None:
    with transaction():
        ownership.admit(organization_id=organization_id, account_id=account_id, role=role, now=now)


@pytest.fixture
def alice(now: datetime) -> UUID:
    return name(join(ALICE, now), "Alice Liddell")


@pytest.fixture
def bob(now: datetime) -> UUID:
    return name(join(BOB, now), "Bob Dormouse")


@pytest.fixture
def research(alice: UUID, now: datetime) -> UUID:
    return create_organization(account_id=alice, name="Research", now=now - timedelta(days=9))


def everything(organization_id: UUID, account_id: UUID, wanted: Wanted, limit: int = 7) -> list[Entry]:
    """Turn every page."""
    found: list[Entry] = []
    place = Place(limit=limit)
    while True:
        page = activity_log.show(
            organization_id=organization_id, account_id=account_id, wanted=wanted, paging=place
        )
        found += page.items
        if page.next_cursor is None:
            return found
        assert len(page.items) == limit
        place = Place(page.next_cursor, limit)


def exported(organization_id: UUID, account_id: UUID, wanted: Wanted, form: Format) -> str:
    file = export(organization_id=organization_id, account_id=account_id, wanted=wanted, form=form)
    return "".join(file.parts)


def created(name: str, organization_id: UUID, actor_id: UUID | None, now: datetime) -> None:
    record(
        organization_id=organization_id,
        kind=Kind.PROJECT_CREATED,
        actor_id=actor_id,
        subject_kind="project",
        subject_id=FIRST,
        subject_name=name,
        now=now,
    )


# Append-only


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE activities_activity SET kind = 'project.created'",
        "UPDATE activities_activity SET actor_id = NULL",
        "UPDATE activities_activity SET recorded_at = recorded_at",
        "DELETE FROM activities_activity",
    ],
)
def test_the_database_refuses_to_change_or_delete_what_happened(research: UUID, statement: str) -> None:
    before = list(Activity.objects.order_by("id").values())
    assert before
    with (
        pytest.raises(IntegrityError, match="activity_is_append_only"),
        transaction(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert list(Activity.objects.order_by("id").values()) == before


@pytest.mark.only_on("sqlite")
def test_the_database_refuses_to_replace_what_happened(research: UUID) -> None:
    """PostgreSQL does not know INSERT OR REPLACE."""
    with (
        pytest.raises(IntegrityError, match="activity_is_append_only"),
        transaction(),
        connection.cursor() as cursor,
    ):
        cursor.execute("INSERT OR REPLACE INTO activities_activity SELECT * FROM activities_activity")


def test_the_models_own_ways_are_refused_too(research: UUID) -> None:
    activity = Activity.objects.get(organization_id=research)
    activity.subject_name = "Another"
    for change in (activity.save, activity.delete, Activity.objects.all().delete):
        with pytest.raises(IntegrityError), transaction():
            change()
    assert Activity.objects.get(organization_id=research).subject_name == "Research"


# Filters


SINGLE = [
    Wanted(),
    Wanted(since=date(2030, 3, 4)),
    Wanted(until=date(2030, 3, 3)),
    Wanted(since=date(2030, 3, 3), until=date(2030, 3, 3)),
    Wanted(since=datetime(2030, 3, 4, 9, 10, tzinfo=UTC)),
    Wanted(until=datetime(2030, 3, 4, 9, 10, tzinfo=UTC)),
    Wanted(kind=Kind.PROJECT_DELETED),
    Wanted(kind=Kind.MEMBER_JOINED),
    Wanted(level=Level.WARNING),
    Wanted(level=Level.ERROR),
    Wanted(subject_kind="project"),
    Wanted(thing=FIRST),
    Wanted(thing=FIRST.upper().replace("-", "")),
    Wanted(thing="research"),
    Wanted(thing="  STRASSE 7 "),
    Wanted(thing="Straße"),
]


def expected(activities: list[Activity], wanted: Wanted) -> list[UUID]:
    """Filter without a database."""

    def fits(each: Activity) -> bool:
        by_name = wanted.thing.strip().casefold().replace("ß", "ss")
        is_thing = by_name in {
            each.subject_name.casefold(),
            each.subject_id,
            each.subject_id.replace("-", ""),
        }
        return (
            _is_since(each.recorded_at, wanted.since)
            and _is_until(each.recorded_at, wanted.until)
            and wanted.kind in {None, each.kind}
            and wanted.level in {None, each.level}
            and wanted.actor_id in {None, each.actor_id}
            and wanted.subject_kind in {"", each.subject_kind}
            and (not by_name or is_thing)
        )

    found = [each.id for each in newest_first(activities) if fits(each)]
    return found if wanted.order == Order.NEWEST_FIRST else found[::-1]


def _is_since(at: datetime, since: date | None) -> bool:
    if isinstance(since, datetime):
        return at >= since
    return since is None or at.date() >= since


def _is_until(at: datetime, until: date | None) -> bool:
    if isinstance(until, datetime):
        return at < until
    return until is None or at.date() <= until


@pytest.fixture
def chronicle(research: UUID, alice: UUID, bob: UUID, now: datetime) -> list[Activity]:
    late = now.replace(hour=0, minute=30)
    happen(research, [alice, bob, None], late, count=120)
    happen(research, [alice, bob, None], now, count=80, seed=8)
    happen(uuid4(), [alice, bob], now, count=50, seed=9)
    return list(Activity.objects.filter(organization_id=research))


@pytest.mark.parametrize("wanted", SINGLE, ids=str)
@pytest.mark.parametrize("order", Order)
def test_every_filter(
    chronicle: list[Activity], research: UUID, alice: UUID, wanted: Wanted, order: Order
) -> None:
    asked = replace(wanted, order=order)
    found = [entry.id for entry in everything(research, alice, asked)]
    assert found == expected(chronicle, asked)
    assert len(found) < len(chronicle) or wanted == Wanted()


def test_filters_by_actor(chronicle: list[Activity], research: UUID, alice: UUID, bob: UUID) -> None:
    for actor_id in (alice, bob):
        asked = Wanted(actor_id=actor_id)
        found = everything(research, alice, asked)
        assert found
        assert [entry.id for entry in found] == expected(chronicle, asked)
    assert everything(research, alice, Wanted(actor_id=uuid4())) == []


def test_every_pair_of_filters(chronicle: list[Activity], research: UUID, alice: UUID) -> None:
    singles = [*SINGLE[1:], Wanted(actor_id=alice)]
    hits = 0
    for one, two in itertools.combinations(singles, 2):
        set_fields = {f.name: getattr(two, f.name) for f in fields(two) if getattr(two, f.name) != f.default}
        asked = replace(one, **set_fields)
        found = [entry.id for entry in everything(research, alice, asked, limit=100)]
        assert found == expected(chronicle, asked), asked
        hits += bool(found)
    assert hits > 30


def test_a_day_is_a_day_of_the_organizations_time_zone(research: UUID, alice: UUID, now: datetime) -> None:
    # Auckland is 13 hours ahead of UTC on this day.
    new_zealand = Information(name="Research", time_zone="Pacific/Auckland")
    change_organization(organization_id=research, account_id=alice, information=new_zealand, now=now)
    for hour in (10, 11):
        created(f"at {hour}", research, alice, now.replace(hour=hour, minute=0))
    today = everything(research, alice, Wanted(until=date(2030, 3, 4), kind=Kind.PROJECT_CREATED))
    tomorrow = everything(research, alice, Wanted(since=date(2030, 3, 5)))
    assert [entry.thing for entry in today] == ["at 10"]
    assert [entry.thing for entry in tomorrow] == ["at 11"]
    assert tomorrow[0].recorded_at.isoformat() == "2030-03-05T00:00:00+13:00"


@pytest.mark.parametrize(
    "day", [date.min, date.max, datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)]
)
def test_days_at_the_ends_of_the_calendar_do_no_harm(research: UUID, alice: UUID, day: date) -> None:
    shown = len(everything(research, alice, Wanted(since=day))) + len(
        everything(research, alice, Wanted(until=day))
    )
    assert shown == 1


# Pages


def test_paging_repeats_and_skips_nothing_while_things_happen(
    chronicle: list[Activity], research: UUID, alice: UUID, bob: UUID, now: datetime
) -> None:
    found: list[UUID] = []
    cursor: str | None = ""
    appended = 0
    while cursor is not None:
        page = activity_log.show(
            organization_id=research, account_id=alice, wanted=Wanted(), paging=Place(cursor)
        )
        found += [entry.id for entry in page.items]
        cursor = page.next_cursor
        appended += 1
        happen(research, [bob], now + timedelta(minutes=appended), count=3, seed=100 + appended)
    assert found == [each.id for each in newest_first(chronicle)]


def test_reading_from_the_oldest_also_shows_what_happens_meanwhile(
    chronicle: list[Activity], research: UUID, alice: UUID, now: datetime
) -> None:
    oldest = Wanted(order=Order.OLDEST_FIRST)
    first = activity_log.show(
        organization_id=research, account_id=alice, wanted=oldest, paging=Place(limit=100)
    )
    happen(research, [alice], now + timedelta(hours=1), count=2, seed=11)
    shown = [entry.id for entry in first.items]
    cursor = first.next_cursor
    while cursor:
        page = activity_log.show(
            organization_id=research, account_id=alice, wanted=oldest, paging=Place(cursor, 100)
        )
        shown += [entry.id for entry in page.items]
        cursor = page.next_cursor
    assert len(shown) == len(set(shown)) == len(chronicle) + 2


# Who may look


def test_strangers_and_members_get_nothing(research: UUID, alice: UUID, bob: UUID, now: datetime) -> None:
    asked = {"organization_id": research, "account_id": bob}
    for refusal in (OrganizationNotFound, NotAllowed):
        with pytest.raises(refusal):
            activity_log.show(**asked, wanted=Wanted(), paging=Place())
        with pytest.raises(refusal):
            activity_log.walk(**asked, wanted=Wanted())
        with pytest.raises(refusal):
            export(**asked, wanted=Wanted(), form=Format.CSV)
        with pytest.raises(refusal):
            activity_log.actors(**asked, chosen_id=alice)
        if refusal is OrganizationNotFound:
            admit(research, bob, now)


def test_an_export_ends_with_the_right_to_it(
    research: UUID, alice: UUID, bob: UUID, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activity_log, "BATCH", 50)
    happen(research, [alice, bob], now, count=120)
    admit(research, bob, now, Role.OWNER)
    file = export(organization_id=research, account_id=bob, wanted=Wanted(), form=Format.JSON_LINES)
    assert len(next(file.parts).splitlines()) == 50
    members.change_role(organization_id=research, account_id=alice, member_id=bob, role=Role.MEMBER, now=now)
    with pytest.raises(NotAllowed):
        next(file.parts)


def test_the_name_of_a_stranger_is_not_told_by_their_id(
    research: UUID, alice: UUID, bob: UUID, now: datetime
) -> None:
    asked = {"organization_id": research, "account_id": alice, "chosen_id": bob}
    assert [actor.name for actor in activity_log.actors(**asked)] == ["Alice Liddell"]
    created("A project", research, bob, now)
    assert [actor.name for actor in activity_log.actors(**asked)] == ["Alice Liddell", "Bob Dormouse"]


# Names


def test_names_are_looked_up_when_shown(research: UUID, alice: UUID, bob: UUID, now: datetime) -> None:
    admit(research, bob, now, Role.OWNER)
    members.remove_member(organization_id=research, account_id=bob, member_id=bob, now=now)
    assert _said(research, alice) == [("Bob Dormouse", "removed a member", "Bob Dormouse")]
    name(bob, "Robert Dormouse")
    assert _said(research, alice) == [("Robert Dormouse", "removed a member", "Robert Dormouse")]
    leave(bob, BOB, now)
    assert _said(research, alice) == [("Deleted account", "removed a member", "Deleted account")]


def test_an_erased_member_is_a_deleted_account_in_list_and_export(
    research: UUID, alice: UUID, bob: UUID, now: datetime
) -> None:
    admit(research, bob, now, Role.OWNER)
    created("Wonderland", research, bob, now)
    leave(bob, BOB, now + timedelta(minutes=1))
    entries = everything(research, alice, Wanted(actor_id=bob))
    assert [(entry.who, entry.thing) for entry in entries] == [
        ("Deleted account", "Deleted account"),
        ("Deleted account", "Wonderland"),
    ]
    assert entries[0].kind == Kind.MEMBER_ERASED
    for form in Format:
        written = exported(research, alice, Wanted(), form)
        assert "Wonderland" in written
        assert "Bob" not in written
        assert BOB not in written


def test_a_thing_keeps_the_name_it_had(research: UUID, alice: UUID, now: datetime) -> None:
    renamed = Information(name="Development")
    change_organization(organization_id=research, account_id=alice, information=renamed, now=now)
    things = [entry.thing for entry in everything(research, alice, Wanted())]
    assert things == ["Development", "Research"]


def test_what_the_system_does_has_a_name_as_well(research: UUID, alice: UUID, now: datetime) -> None:
    created("", research, None, now)
    assert next((entry.who, entry.thing) for entry in everything(research, alice, Wanted())) == (
        "Adieu",
        "",
    )


def test_names_come_in_one_look_into_the_vault(
    chronicle: list[Activity], research: UUID, alice: UUID, django_assert_num_queries: object
) -> None:
    with django_assert_num_queries(1, using="vault"):  # type: ignore[operator]
        activity_log.show(
            organization_id=research, account_id=alice, wanted=Wanted(), paging=Place(limit=100)
        )


def test_no_name_and_no_address_is_ever_written(
    research: UUID, alice: UUID, bob: UUID, now: datetime
) -> None:
    admit(research, bob, now)
    members.hand_over(organization_id=research, account_id=alice, member_id=bob, now=now)
    members.make_owners(account_id=bob, owners={research: alice}, now=now)
    members.leave_organization(organization_id=research, account_id=bob, now=now)
    admit(research, bob, now)
    members.remove_member(organization_id=research, account_id=alice, member_id=bob, now=now)
    record_in_each(
        organizations="SELECT organization_id FROM tenancy_organizationmembership WHERE account_id = %s",
        parameters=[alice],
        kind=Kind.MEMBER_ERASED,
        account_id=alice,
        now=now,
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM activities_activity")
        written = repr(cursor.fetchall()).casefold()
    assert written.count("organization.") > 5
    assert str(bob) in written or bob.hex in written
    for person in VaultEntry.objects.filter(account_id__in=[alice, bob]):
        for part in [*person.name.split(), person.address, *person.address.split("@")[:1]]:
            assert part.casefold() not in written


def _said(organization_id: UUID, account_id: UUID) -> list[tuple[str, str, str]]:
    entries = everything(organization_id, account_id, Wanted(kind=Kind.MEMBER_REMOVED))
    return [(entry.who, entry.sentence, entry.thing) for entry in entries]


# Export


@pytest.mark.parametrize("batch", [1, 3, 50, 1000])
def test_an_export_holds_what_the_list_shows(
    chronicle: list[Activity], research: UUID, alice: UUID, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr(activity_log, "BATCH", batch)
    for wanted in (Wanted(), Wanted(level=Level.WARNING, order=Order.OLDEST_FIRST), Wanted(thing="nothing")):
        shown = everything(research, alice, wanted, limit=100)
        lines = exported(research, alice, wanted, Format.JSON_LINES).splitlines()
        assert [_read_json(line) for line in lines] == [_shown(entry) for entry in shown]
        rows = list(csv.DictReader(io.StringIO(exported(research, alice, wanted, Format.CSV), newline="")))
        assert [_read_csv(row) for row in rows] == [_shown(entry) for entry in shown]


def _shown(entry: Entry) -> tuple[str, ...]:
    return (
        str(entry.id),
        entry.recorded_at.isoformat(),
        entry.level,
        entry.kind,
        entry.who,
        str(entry.actor_id or ""),
        entry.sentence,
        entry.thing,
        entry.subject_kind,
        entry.subject_id,
    )


def _read_json(line: str) -> tuple[str, ...]:
    row = json.loads(line)
    actor, subject = row["actor"], row["subject"]
    return (
        *(row[name] for name in ("id", "recorded_at", "level", "kind")),
        actor["name"],
        actor["id"] or "",
        row["activity"],
        subject["name"],
        subject["kind"],
        subject["id"],
    )


def _read_csv(row: dict[str, str]) -> tuple[str, ...]:
    names = "id recorded_at level kind actor actor_id activity subject subject_kind subject_id"
    return tuple(row[name] for name in names.split())


@pytest.mark.parametrize("start", STARTS_A_FORMULA)
def test_a_hostile_name_is_no_formula(research: UUID, alice: UUID, now: datetime, start: str) -> None:
    hostile = f'{start}HYPERLINK("http://evil.example",A1), "quoted"\nsecond line'
    created(hostile, research, alice, now)
    # No form takes such a name; what comes from elsewhere does no harm either.
    VaultEntry.objects.filter(account_id=alice).update(name=hostile)
    written = exported(research, alice, Wanted(kind=Kind.PROJECT_CREATED), Format.CSV)
    (row,) = csv.DictReader(io.StringIO(written, newline=""))
    assert row["actor"] == row["subject"] == f"'{hostile}"
    (line,) = exported(research, alice, Wanted(kind=Kind.PROJECT_CREATED), Format.JSON_LINES).splitlines()
    assert json.loads(line)["subject"]["name"] == hostile


def test_harmless_names_stay_as_they_are(research: UUID, alice: UUID, now: datetime) -> None:
    created("Größe = 3 + 4, \"so\"; 'x'", research, alice, now)
    written = exported(research, alice, Wanted(kind=Kind.PROJECT_CREATED), Format.CSV)
    (row,) = csv.DictReader(io.StringIO(written, newline=""))
    assert row["subject"] == "Größe = 3 + 4, \"so\"; 'x'"


def test_an_export_reads_no_further_than_it_is_taken(
    chronicle: list[Activity],
    research: UUID,
    alice: UUID,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_num_queries: object,
) -> None:
    monkeypatch.setattr(activity_log, "BATCH", 10)
    file = export(organization_id=research, account_id=alice, wanted=Wanted(), form=Format.JSON_LINES)
    # The batch, again the right to it, and who of those named still has an account.
    with django_assert_num_queries(3):  # type: ignore[operator]
        assert len(next(file.parts).splitlines()) == 10
