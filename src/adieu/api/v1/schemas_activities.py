"""The shapes of `/api/v1/organizations/{id}/activities`."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from ninja import Schema
from pydantic import AwareDatetime, Field

from adieu.activities.kinds import Kind, Level
from adieu.activities.queries import Order
from adieu.api.v1.paging import PageOut
from adieu.core.names import LONGEST_NAME
from adieu.tenancy.activity_export import Format
from adieu.tenancy.activity_log import Wanted

A_DAY_OR_A_MOMENT = "A day in the organization's time zone, or a moment with its offset (RFC 3339)."
type When = date | AwareDatetime | None
type SubjectKind = Literal["", "organization", "project", "cluster", "account", "invitation", "api_key"]


class FiltersIn(Schema):
    """What to show; what is not given hides nothing: `filters: Query[FiltersIn]`."""

    since: When = Field(default=None, description=A_DAY_OR_A_MOMENT)
    until: When = Field(default=None, description=f"{A_DAY_OR_A_MOMENT} The day is included, the moment not.")
    kind: Kind | None = None
    level: Level | None = None
    actor: UUID | None = Field(default=None, description="The id of the account that did it.")
    subject_kind: SubjectKind = Field(default="", description="What it happened to.")
    subject: str = Field(
        default="",
        max_length=LONGEST_NAME,
        pattern=r"^[^\x00]*$",
        description="A thing's id, or its whole name as it was, in any case.",
    )
    order: Order = Order.NEWEST_FIRST

    def wanted(self) -> Wanted:
        """Say it in the words of the log."""
        return Wanted(
            since=self.since,
            until=self.until,
            kind=self.kind,
            level=self.level,
            actor_id=self.actor,
            subject_kind=self.subject_kind,
            thing=self.subject,
            order=self.order,
        )


class ExportIn(FiltersIn):
    """The same, and what it is written as."""

    format: Format


class ActorOut(Schema):
    """Who did it, as they are called now; the id is null when the system did."""

    id: UUID | None
    name: str


class ActivitySubjectOut(Schema):
    """What it happened to: a thing as it was called then, a person as they are called now."""

    kind: str
    id: str
    name: str


class ActivityOut(Schema):
    """One activity."""

    id: UUID
    recorded_at: datetime
    level: Level
    kind: Kind
    activity: str
    actor: ActorOut
    subject: ActivitySubjectOut


class ActivitiesOut(PageOut):
    """A page of activities."""

    items: list[ActivityOut]
