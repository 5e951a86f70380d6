"""However many ties somebody has, the point of no return is as many statements (Rule D6)."""

import secrets
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from adieu.kit.transactions import transaction
from adieu.tenancy.models import (
    ApiKey,
    Invitation,
    Organization,
    OrganizationMembership,
    Project,
    ProjectMembership,
    Role,
)
from tests.support.cast import make_account
from tests.support.people import ask_to_leave, confirm, join

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])


@transaction
def tie(account_id: UUID, other_id: UUID, now: datetime, *, ties: int) -> None:
    """Write organizations that two accounts own, in bulk; the database's triggers hold as ever.

    In each the account has a place in a project, an API key and an invitation it sent that is pending.
    """
    ids = [uuid4() for _ in range(ties)]
    mine, others = (
        [
            OrganizationMembership(organization_id=id_, account_id=who, role=Role.OWNER, joined_at=now)
            for id_ in ids
        ]
        for who in (account_id, other_id)
    )
    # Owners before their organization, whose count has to be theirs: see Note [Owners are counted].
    OrganizationMembership.objects.bulk_create([*mine, *others])
    Organization.objects.bulk_create(
        Organization(id=id_, name="Shared", owner_count=2, created_at=now) for id_ in ids
    )
    projects = [Project(organization_id=id_, name="Default Project", created_at=now) for id_ in ids]
    Project.objects.bulk_create(projects)
    ProjectMembership.objects.bulk_create(
        ProjectMembership(member=member, project=project, role=Role.OWNER, joined_at=now)
        for member, project in zip(mine, projects, strict=True)
    )
    ApiKey.objects.bulk_create(
        ApiKey(member=member, name="laptop", digest=secrets.token_hex(32), hint="abcd", created_at=now)
        for member in mine
    )
    Invitation.objects.bulk_create(
        Invitation(
            organization_id=member.organization_id,
            inviter=member,
            address_key=secrets.token_hex(32),
            role=Role.MEMBER,
            invited_at=now,
            sent_at=now,
            expires_at=now + timedelta(hours=48),
        )
        for member in mine
    )


def statements_of_leaving(address: str, now: datetime, *, ties: int) -> list[str]:
    account_id = join(address, now, is_welcomed=False)
    tie(account_id, make_account(), now, ties=ties)
    code = ask_to_leave(account_id, address, now)
    with CaptureQueriesContext(connection) as statements:
        confirm(account_id, code, now)
    assert not OrganizationMembership.objects.filter(account_id=account_id).exists()
    return [statement["sql"][:60] for statement in statements.captured_queries]


def test_the_number_of_statements_does_not_grow_with_the_ties(now: datetime) -> None:
    few = statements_of_leaving("few@example.org", now, ties=1)
    many = statements_of_leaving("many@example.org", now, ties=100)
    very_many = statements_of_leaving("very-many@example.org", now, ties=5_000)
    assert len(few) == len(many) == len(very_many) < 100
    owners = OrganizationMembership.objects.filter(role=Role.OWNER)
    assert owners.count() == Organization.objects.filter(owner_count=1).count() == 5_101
    assert not ProjectMembership.objects.exists()
    assert not ApiKey.objects.exists()
    assert not Invitation.objects.filter(state="pending").exists()
