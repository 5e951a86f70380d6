"""What tenancy gives to the archive of a person's data: places, keys, invitations and what they did.

Other people are in none of it: neither their names and addresses nor their ids.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from uuid import UUID

from django.db.models import Q

from adieu.activities.models import Activity
from adieu.core.archiving import Cell, Table
from adieu.identities.queries import keys_of_account
from adieu.tenancy.models import ApiKey, Invitation, Organization, OrganizationMembership, ProjectMembership
from adieu.tenancy.models import Welcome as WelcomeRow

type Rows = Iterable[Sequence[Cell]]

AT_ONCE = 500
ACCOUNT = "account"
ORGANIZATION = {"organization_id": "its id", "organization": "its name"}
ROLES = {"role": "your role there: owner or member", "joined_at": "since when"}
OFFERED = {
    "organization_id": "the id of the organization",
    "organization": "its name",
    "project": "the project that was offered, too, if one was",
    "role": "the role that was offered",
    "project_role": "the role in the project",
    "state": "pending, accepted, declined, revoked or expired",
    "invited_at": "when it was sent first",
    "sent_at": "when it was sent last",
    "expires_at": "when it runs out",
    "ended_at": "when it ended",
}
OFFERED_FIELDS = (
    "organization_id",
    "organization__name",
    "project__name",
    "role",
    "project_role",
    "state",
    "invited_at",
    "sent_at",
    "expires_at",
    "ended_at",
)


def tables(*, account_id: UUID) -> Sequence[Table]:
    """Give each list."""
    return tuple(make(account_id) for make in TABLES)


def _welcome(account_id: UUID) -> Table:
    def rows() -> Rows:
        return WelcomeRow.objects.filter(account_id=account_id).values_list("welcomed_at")

    columns = {"welcomed_at": "when"}
    return Table("welcome", "That you were given your first organization.", columns, rows)


def _organizations(account_id: UUID) -> Table:
    def rows() -> Rows:
        contact = set(Organization.objects.filter(contact_id=account_id).values_list("id", flat=True))
        places = OrganizationMembership.objects.filter(account_id=account_id).order_by("joined_at", "id")
        fields = ("id", "organization_id", "organization__name", "role", "joined_at")
        for row in places.values_list(*fields):
            yield *row, row[1] in contact

    columns = {
        "id": "the id of your place in it",
        **ORGANIZATION,
        **ROLES,
        "is_contact": "whether you are named as its contact",
    }
    return Table("organizations", "The organizations that you belong to.", columns, rows)


def _projects(account_id: UUID) -> Table:
    def rows() -> Rows:
        places = ProjectMembership.objects.filter(member__account_id=account_id).order_by("joined_at", "id")
        fields = ("id", "member__organization_id", "project_id", "project__name", "role", "joined_at")
        return places.values_list(*fields)

    columns = {
        "id": "the id of your place in it",
        "organization_id": "the id of the organization it is in",
        "project_id": "its id",
        "project": "its name",
        **ROLES,
    }
    return Table("projects", "The projects that you are listed in.", columns, rows)


def _api_keys(account_id: UUID) -> Table:
    def rows() -> Rows:
        keys = ApiKey.objects.filter(member__account_id=account_id).order_by("created_at", "id")
        place = ("member__organization_id", "member__organization__name")
        return keys.values_list("id", "name", *place, "created_at", "last_used_at", "expires_at")

    columns = {
        "id": "its id",
        "name": "what you called it",
        "organization_id": "the id of the organization it works in",
        "organization": "the name of that organization",
        "created_at": "when you made it",
        "last_used_at": "when it was used last",
        "expires_at": "when it runs out, if it does",
    }
    about = "Your API keys. The keys themselves are not here: nobody but you has them."
    return Table("api_keys", about, columns, rows)


def _sent(account_id: UUID) -> Table:
    def rows() -> Rows:
        sent = Invitation.objects.filter(inviter__account_id=account_id)
        return sent.order_by("invited_at", "id").values_list(*OFFERED_FIELDS)

    about = (
        "Invitations that you sent, until a week after they ended. Whom you invited is not here:"
        " the address is theirs."
    )
    return Table("invitations_sent", about, OFFERED, rows)


def _received(account_id: UUID) -> Table:
    def rows() -> Rows:
        received = Invitation.objects.filter(address_key__in=keys_of_account(account_id))
        return received.order_by("invited_at", "id").values_list(*OFFERED_FIELDS)

    return Table("invitations_received", "Invitations to your address that wait for you.", OFFERED, rows)


def _activities(account_id: UUID) -> Table:
    def rows() -> Iterator[Sequence[Cell]]:
        mine = OrganizationMembership.objects.filter(account_id=account_id)
        names = dict(mine.values_list("organization_id", "organization__name"))
        about_me = Q(subject_kind=ACCOUNT, subject_id=str(account_id))
        found = Activity.objects.filter(Q(actor_id=account_id) | about_me).order_by("recorded_at", "id")
        for row in found.iterator(AT_ONCE):
            yield _activity(row, account_id, names.get(row.organization_id))

    columns = {
        "id": "its id",
        "recorded_at": "when it happened",
        "organization_id": "the id of the organization it happened in",
        "organization": "its name, if you belong to it",
        "by": "who did it: you, somebody else, or nobody (the software)",
        "kind": "what happened, as subject.event",
        "level": "info, warning or error",
        "subject_kind": "what kind of thing it happened to",
        "subject_id": "the id of that thing; empty for other people",
        "subject": "the name of that thing, as it was",
    }
    about = "What you did in organizations, and what was done there about you, as the activity logs have it."
    return Table("activities", about, columns, rows)


def _activity(row: Activity, account_id: UUID, organization: str | None) -> Sequence[Cell]:
    is_mine = row.actor_id == account_id
    is_other = row.subject_kind == ACCOUNT and row.subject_id != str(account_id)
    return (
        row.id,
        row.recorded_at,
        row.organization_id,
        organization,
        "you" if is_mine else "somebody else" if row.actor_id else "nobody",
        row.kind,
        row.level,
        row.subject_kind,
        None if is_other else row.subject_id,
        row.subject_name,
    )


TABLES: tuple[Callable[[UUID], Table], ...] = (
    _welcome,
    _organizations,
    _projects,
    _api_keys,
    _sent,
    _received,
    _activities,
)
