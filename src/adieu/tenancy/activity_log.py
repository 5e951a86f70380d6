"""The activity log of an organization, for its owners, with the names that the vault holds (Rules V1, V3)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from adieu.accounts.queries import people
from adieu.activities.kinds import Kind, Level
from adieu.activities.models import Activity
from adieu.activities.queries import COLUMNS, Filters, Order, find, has_acted
from adieu.kit.paging import Asked, batches_of, page_of
from adieu.tenancy import rosters
from adieu.tenancy.models import Organization
from adieu.tenancy.permissions import Permission, require
from adieu.vault.queries import Person, display_name

BATCH = 1000
FIRST_YEAR, LAST_YEAR = 1970, 9000
ADIEU = "Adieu"
ACCOUNT = "account"
THINGS = {
    "organization": "Organization",
    "project": "Project",
    "cluster": "Cluster",
    ACCOUNT: "Account",
    "invitation": "Invitation",
    "api_key": "API key",
}


@dataclass(frozen=True)
class Wanted:
    """What somebody wants to see of a log; what is not set hides nothing.

    A date is a whole day in the organization's time zone, so `until` a date includes it;
    `until` a moment ends right before it.
    """

    since: date | None = None
    until: date | None = None
    kind: Kind | None = None
    level: Level | None = None
    actor_id: UUID | None = None
    subject_kind: str = ""
    thing: str = ""
    order: Order = Order.NEWEST_FIRST


@dataclass(frozen=True)
class Entry:
    """One line of the log, as it is shown."""

    id: UUID
    recorded_at: datetime
    """In the organization's time zone."""
    kind: Kind
    level: Level
    actor_id: UUID | None
    who: str
    sentence: str
    subject_kind: str
    subject_id: str
    thing: str
    """Empty for what has no name of its own, like an invitation."""

    @property
    def is_about_actor(self) -> bool:
        """Whether it happened to whoever did it."""
        return self.subject_kind == ACCOUNT and self.subject_id == str(self.actor_id)


@dataclass(frozen=True)
class LogPage:
    """A page of the log, and where the next one begins."""

    items: Sequence[Entry]
    next_cursor: str | None


@dataclass(frozen=True)
class Actor:
    """Somebody whose acts can be asked for."""

    account_id: UUID
    name: str


def show(*, organization_id: UUID, account_id: UUID, wanted: Wanted, paging: Asked) -> LogPage:
    """Give one page of an organization's log to one of its owners.

    Raises:
        OrganizationNotFound, NotAllowed: the account may not look.
        CursorNotKnown: the cursor was not made for what is wanted here.
    """
    organization = _require(organization_id, account_id)
    filters = _filters(wanted, organization)
    page: dict[str, Any] = page_of(
        find(organization_id=organization_id, filters=filters),
        of=f"activities of {organization_id}: {filters}",
        by=COLUMNS[wanted.order],
        paging=paging,
        show=lambda rows: _entries(rows, _zone(organization)),
    )
    return LogPage(**page)


def walk(*, organization_id: UUID, account_id: UUID, wanted: Wanted) -> Iterator[Sequence[Entry]]:
    """Give all of the log that is wanted, in batches, to one of its owners.

    Who stops being an owner meanwhile gets no further batch (Rule D7).

    Raises:
        OrganizationNotFound, NotAllowed: the account may not look; at once, not at the first batch.
    """
    organization = _require(organization_id, account_id)
    found = find(organization_id=organization_id, filters=_filters(wanted, organization))
    batches = batches_of(found, by=COLUMNS[wanted.order], size=BATCH)

    def named() -> Iterator[Sequence[Entry]]:
        for rows in batches:
            _require(organization_id, account_id)
            yield _entries(rows, _zone(organization))

    return named()


def actors(*, organization_id: UUID, account_id: UUID, chosen_id: UUID | None) -> list[Actor]:
    """List whose acts an owner can ask for: the members by name, and whoever is asked for now.

    Raises:
        OrganizationNotFound, NotAllowed: the account may not look.
    """
    _require(organization_id, account_id)
    members = rosters.members_of(organization_id=organization_id, account_id=account_id)
    listed = [Actor(member.account_id, member.name) for member in members]
    is_listed = chosen_id is None or any(actor.account_id == chosen_id for actor in listed)
    # An id alone must not tell the name of somebody who has nothing to do with this organization.
    if is_listed or not has_acted(organization_id=organization_id, account_id=chosen_id or account_id):
        return listed
    return [*listed, Actor(chosen_id, display_name(people([chosen_id]), chosen_id))] if chosen_id else listed


def time_zone_of(*, organization_id: UUID, account_id: UUID) -> tzinfo:
    """Give the time zone in which an organization's owners read its log.

    Raises:
        OrganizationNotFound, NotAllowed: the account may not look.
    """
    return _zone(_require(organization_id, account_id))


def _require(organization_id: UUID, account_id: UUID) -> Organization:
    return require(
        permission=Permission.MANAGE_ORGANIZATION, organization_id=organization_id, account_id=account_id
    )


def _zone(organization: Organization) -> ZoneInfo:
    return ZoneInfo(organization.time_zone)


def _filters(wanted: Wanted, organization: Organization) -> Filters:
    zone = _zone(organization)
    return Filters(
        since=_moment(wanted.since, zone, days=0),
        before=_moment(wanted.until, zone, days=1),
        kind=wanted.kind,
        level=wanted.level,
        actor_id=wanted.actor_id,
        subject_kind=wanted.subject_kind,
        thing=wanted.thing,
    )


def _moment(day: date | None, zone: ZoneInfo, *, days: int) -> datetime | None:
    """Give the moment itself, or the midnight at which a day begins, or so many days later."""
    # Nothing happened beyond, and the first and the last years of the calendar cannot be converted.
    if day is None or not FIRST_YEAR <= day.year <= LAST_YEAR:
        return None if day is None else datetime(min(max(day.year, FIRST_YEAR), LAST_YEAR), 1, 1, tzinfo=zone)
    if isinstance(day, datetime):
        return day
    return datetime.combine(day + timedelta(days=days), time(), tzinfo=zone)


def _entries(rows: Sequence[Activity], zone: ZoneInfo) -> list[Entry]:
    ids = {account_id for row in rows for account_id in (row.actor_id, _subject_account(row)) if account_id}
    named = people(ids)
    return [_entry(row, named, zone) for row in rows]


def _entry(row: Activity, named: dict[UUID, Person], zone: ZoneInfo) -> Entry:
    kind = Kind(row.kind)
    return Entry(
        id=row.id,
        recorded_at=row.recorded_at.astimezone(zone),
        kind=kind,
        level=Level(row.level),
        actor_id=row.actor_id,
        who=display_name(named, row.actor_id) if row.actor_id else ADIEU,
        sentence=str(kind.label),
        subject_kind=row.subject_kind,
        subject_id=row.subject_id,
        thing=_thing(row, named),
    )


def _thing(row: Activity, named: dict[UUID, Person]) -> str:
    account_id = _subject_account(row)
    if account_id:
        return display_name(named, account_id)
    return row.subject_name


def _subject_account(row: Activity) -> UUID | None:
    return UUID(row.subject_id) if row.subject_kind == ACCOUNT else None
