"""Who belongs to an organization or a project, with the names that the vault holds (Rule P1)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from adieu.tenancy.models import OrganizationMembership, ProjectMembership, Role
from adieu.tenancy.permissions import Permission, require, require_in_project
from adieu.vault.queries import Person, display_name, read


@dataclass(frozen=True)
class Member:
    """Somebody in a list of members."""

    account_id: UUID
    name: str
    address: str
    role: Role
    joined_at: datetime


def members_of(*, organization_id: UUID, account_id: UUID, search: str = "") -> list[Member]:
    """List the members of an organization by name, for one of them.

    Args:
        organization_id: Which one.
        account_id: Who looks.
        search: Part of a name or an address; the few hundred names are searched here, not in the database.

    Raises:
        OrganizationNotFound, NotAllowed: the account may not look.
    """
    require(permission=Permission.SEE_ORGANIZATION, organization_id=organization_id, account_id=account_id)
    rows = OrganizationMembership.objects.filter(organization_id=organization_id)
    return _named(rows.values_list("account_id", "role", "joined_at"), search)


def project_members_of(*, project_id: UUID, account_id: UUID) -> list[Member]:
    """List the members of a project by name, for somebody who may see it.

    Raises:
        ProjectNotFound, NotAllowed: the account may not look.
    """
    require_in_project(permission=Permission.USE_CLUSTERS, project_id=project_id, account_id=account_id)
    rows = ProjectMembership.objects.filter(project_id=project_id)
    return _named(rows.values_list("member__account_id", "role", "joined_at"), "")


def _named(rows: Iterable[tuple[UUID, str, datetime]], search: str) -> list[Member]:
    listed = list(rows)
    people = read([account_id for account_id, _, _ in listed])
    members = [
        Member(
            account_id, display_name(people, account_id), _address(people, account_id), Role(role), joined_at
        )
        for account_id, role, joined_at in listed
    ]
    wanted = search.casefold().strip()
    found = [member for member in members if wanted in f"{member.name}\n{member.address}".casefold()]
    return sorted(found, key=lambda member: (member.name.casefold(), str(member.account_id)))


def _address(people: dict[UUID, Person], account_id: UUID) -> str:
    return people[account_id].address if account_id in people else ""
