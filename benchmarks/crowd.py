"""A cloud of people, written fast: those who stay, and beside them those who are about to leave."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from allauth.account.models import EmailAddress
from django.core.management.color import no_style
from django.db import connection

from adieu.accounts.models import Account, Session, TermsAgreement
from adieu.activities.models import Activity
from adieu.deletion.consents import TEXTS
from adieu.deletion.models import DeletionRequest, Verification
from adieu.deletion.verification import CODE_LIVES
from adieu.identities.models import IdentityClaim
from adieu.kit.transactions import transaction
from adieu.notices.models import Notice
from adieu.tenancy.models import (
    ApiKey,
    Invitation,
    Organization,
    OrganizationMembership,
    Project,
    ProjectMembership,
    Welcome,
)
from adieu.vault.models import Entry, SessionData
from adieu.vault.router import VAULT
from benchmarks.ground import write
from benchmarks.person import Person, digest, session_of

MEMBERS = 5
SESSIONS = 2
ACTIVITIES = 3
YEAR = timedelta(days=365)


@dataclass(frozen=True)
class Place:
    """A membership: its number in the table, whose it is, where and as what."""

    number: int
    person: Person
    organization: str
    role: str


def fill(staying: int, leaving: Sequence[Person], now: datetime) -> None:
    """Write everybody, with what people have after a while, in bulk and past the operations.

    Args:
        staying: How many stay; five share an organization, two of them own it.
        leaving: Who has asked to leave and got the code. Of their organizations the first of those who stay
            is an owner, too.
        now: When the codes were sent.
    """
    people = [Person(f"stays {number}") for number in range(staying)]
    with transaction():
        _write_accounts([*people, *leaving], _stored(now))
        _write_organizations(people, leaving, _stored(now), _stored(now + YEAR))
        _write_requests(leaving, now)
        _mend_sequences()
    with transaction(using=VAULT):
        _write_vault([*people, *leaving], now)


def _write_accounts(people: Sequence[Person], at: Any) -> None:
    write(
        Account,
        ["id", "email", "password", "registered_at"],
        ((p.id_of("account"), f"{p.key}@sealed.invalid", "!", at) for p in people),
    )
    write(
        IdentityClaim,
        ["key", "rule_version", "pepper_version", "account_id"],
        ((p.key, 1, 1, p.id_of("account")) for p in people),
    )
    write(
        EmailAddress,
        ["user_id", "email", "verified", "primary"],
        ((p.id_of("account"), f"{p.key}@sealed.invalid", True, True) for p in people),
    )
    write(
        TermsAgreement,
        ["account_id", "version", "agreed_at"],
        ((p.id_of("account"), "2030-01", at) for p in people),
    )
    write(Welcome, ["account_id", "welcomed_at"], ((p.id_of("account"), at) for p in people))
    write(
        Session,
        ["key_digest", "account_id", "started_at", "last_seen_at", "expires_at"],
        (
            (session_of(p, number), p.id_of("account"), at, at, at)
            for p in people
            for number in range(SESSIONS)
        ),
    )
    write(
        Notice,
        ["id", "kind", "account_id", "state", "owed_at", "next_attempt_at", "give_up_at", "settled_at"],
        (
            (p.id_of(f"notice {state}"), "deletion.code", p.id_of("account"), state, at, at, at, settled_at)
            for p in people
            for state, settled_at in (("delivered", at), ("owed", None))
        ),
    )


def _places(people: Sequence[Person], leaving: Sequence[Person]) -> Iterator[Place]:
    number = 1
    for position, person in enumerate(people):
        organization = people[position - position % MEMBERS].id_of("organization")
        yield Place(number, person, organization, "owner" if position % MEMBERS < 2 else "member")  # noqa: PLR2004
        number += 1
    for person in leaving:
        for tie, organization in enumerate(person.organizations):
            yield Place(number, people[0], organization, "owner")
            yield Place(number + 1, person, organization, "member" if tie % 2 else "owner")
            number += 2


def _write_organizations(
    people: Sequence[Person], leaving: Sequence[Person], at: Any, in_a_year: Any
) -> None:
    places = list(_places(people, leaving))
    owners: dict[str, int] = {}
    for place in places:
        owners[place.organization] = owners.get(place.organization, 0) + (place.role == "owner")
    contacts = {person.organizations[0]: person.id_of("account") for person in leaving if person.ties}
    # Owners before their organization, whose count has to be theirs: see Note [Owners are counted].
    write(
        OrganizationMembership,
        ["id", "account_id", "organization_id", "role", "joined_at"],
        ((p.number, p.person.id_of("account"), p.organization, p.role, at) for p in places),
    )
    write(
        Organization,
        ["id", "name", "owner_count", "contact_id", "created_at"],
        ((id_, "Office", count, contacts.get(id_), at) for id_, count in owners.items()),
    )
    write(
        Project,
        ["id", "organization_id", "name", "is_default", "created_at"],
        ((project_of(id_), id_, "Default Project", True, at) for id_ in owners),
    )
    write(
        ProjectMembership,
        ["member_id", "project_id", "role", "joined_at"],
        ((p.number, project_of(p.organization), p.role, at) for p in places),
    )
    _write_keys(places, at)
    _write_invitations(places, leaving, at, in_a_year)
    _write_activities(places, at)


def project_of(organization: str) -> str:
    """Give the id of an organization's one project."""
    return digest(f"project of {organization}", 16)


def keys_of_membership(number: int) -> tuple[str, str, str, str]:
    """Give id and digest of a member's API key, and id and address key of the invitation they sent."""
    return (
        digest(f"key {number}", 16),
        digest(f"key {number}", 32),
        digest(f"invitation by {number}", 16),
        digest(f"invited {number}", 32),
    )


def _write_keys(places: Sequence[Place], at: Any) -> None:
    write(
        ApiKey,
        ["id", "member_id", "name", "digest", "hint", "created_at"],
        (
            (key_id, p.number, "laptop", key_digest, "abcd", at)
            for p in places
            for key_id, key_digest, *_ in [keys_of_membership(p.number)]
        ),
    )


def _write_invitations(places: Sequence[Place], leaving: Sequence[Person], at: Any, in_a_year: Any) -> None:
    sent = (
        (
            invitation,
            p.organization,
            p.number,
            invited,
            "member",
            at,
            at,
            in_a_year,
        )
        for p in places
        if p.role == "owner"
        for _, _, invitation, invited in [keys_of_membership(p.number)]
    )
    # Everybody who leaves has been invited by the first of those who stay.
    first = places[0]
    addressed = (
        (p.id_of("invitation"), first.organization, first.number, p.key, "member", at, at, in_a_year)
        for p in leaving
    )
    columns = [
        "id",
        "organization_id",
        "inviter_id",
        "address_key",
        "role",
        "invited_at",
        "sent_at",
        "expires_at",
    ]
    write(Invitation, columns, sent)
    write(Invitation, columns, addressed)


def _write_activities(places: Sequence[Place], at: Any) -> None:
    write(
        Activity,
        ["id", "organization_id", "kind", "level", "actor_id", "subject_kind", "subject_id", "recorded_at"],
        (
            (
                digest(f"activity {p.number} {number}", 16),
                p.organization,
                "organization.member_joined",
                "info",
                p.person.id_of("account"),
                "account",
                str(p.person.account_id),
                at,
            )
            for p in places
            for number in range(ACTIVITIES)
        ),
    )


def _write_requests(leaving: Sequence[Person], now: datetime) -> None:
    at = _stored(now)
    write(
        DeletionRequest,
        ["id", "account_id", "state", "reason", "opened_at", "ended_at"],
        (
            (p.id_of(f"request{which}"), p.id_of("account"), state, p.reason, at, ended_at)
            for p in leaving
            for which, state, ended_at in (("", "open", None), (" of last week", "ended", at))
        ),
    )
    write(
        Verification,
        ["request_id", "number", "session_digest", "owned", "consent_texts", "sent_at", "expires_at"],
        (
            (
                p.id_of("request"),
                1,
                p.session,
                _owned(p),
                json.dumps(list(TEXTS)),
                at,
                _stored(now + CODE_LIVES),
            )
            for p in leaving
        ),
    )


def _owned(person: Person) -> str:
    mine = person.organizations[::2]
    organizations = [f"organization:{UUID(id_)}" for id_ in mine]
    projects = [f"project:{UUID(project_of(id_))}" for id_ in mine]
    return json.dumps(sorted([*organizations, *projects]))


def _write_vault(people: Sequence[Person], now: datetime) -> None:
    from django.db import connections

    at = connections[VAULT].ops.adapt_datetimefield_value(now)
    write(
        Entry,
        ["account_id", "address", "name", "company", "country", "created_at"],
        (
            (p.id_of("account"), f"{p.key[:12]}@example.org", "Alice Example", "Example", "FR", at)
            for p in people
        ),
    )
    write(
        SessionData,
        ["key_digest", "account_id", "content", "expires_at"],
        (
            (session_of(p, number), p.id_of("account"), "x" * 200, at)
            for p in people
            for number in range(SESSIONS)
        ),
    )


def _mend_sequences() -> None:
    # Memberships were numbered by us; the database has to count on from there.
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), [OrganizationMembership]):
            cursor.execute(statement)


def _stored(moment: datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(moment)
