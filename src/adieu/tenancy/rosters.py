"""Who belongs to an organization or a project, with the names that the vault holds (Rule P1)."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from adieu.tenancy.models import OrganizationMembership, ProjectMembership, Role
from adieu.tenancy.ownership import MemberNotFound
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

    @property
    def sorting(self) -> tuple[str, str]:
        """By name; two of the same name keep their order."""
        return self.name.casefold(), str(self.account_id)

    @property
    def label(self) -> str:
        """Name and address, since two people may have the same name."""
        is_named = self.address and self.name != self.address
        return f"{self.name} ({self.address})" if is_named else self.name


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
    return matching(_named(rows.values_list("account_id", "role", "joined_at")), search)


def member_of(*, organization_id: UUID, account_id: UUID, member_id: UUID) -> Member:
    """Show one member of an organization.

    Raises:
        OrganizationNotFound, NotAllowed: the account may not look.
        MemberNotFound: there is no such member.
    """
    rows = membership_rows(organization_id=organization_id, account_id=account_id)
    return _only(named(rows.filter(account_id=member_id)))


def project_member_of(*, project_id: UUID, account_id: UUID, member_id: UUID) -> Member:
    """Show one member of a project.

    Raises:
        ProjectNotFound, NotAllowed: the account may not look.
        MemberNotFound: there is no such member.
    """
    rows = project_membership_rows(project_id=project_id, account_id=account_id)
    return _only(named_in_project(rows.filter(member__account_id=member_id)))


def matching(members: Iterable[Member], search: str) -> list[Member]:
    """Keep the members whose name or address holds what was searched."""
    wanted = unicodedata.normalize("NFC", search).casefold().strip()
    return [member for member in members if wanted in f"{member.name}\n{member.address}".casefold()]


def project_members_of(*, project_id: UUID, account_id: UUID) -> list[Member]:
    """List the members of a project by name, for somebody who may see it.

    Raises:
        ProjectNotFound, NotAllowed: the account may not look.
    """
    require_in_project(permission=Permission.USE_CLUSTERS, project_id=project_id, account_id=account_id)
    rows = ProjectMembership.objects.filter(project_id=project_id)
    return _named(rows.values_list("member__account_id", "role", "joined_at"))


def membership_rows(
    *, organization_id: UUID, account_id: UUID, search: str = ""
) -> QuerySet[OrganizationMembership]:
    """Give the memberships of an organization as rows to page through; `named` tells who they are.

    Raises:
        OrganizationNotFound, NotAllowed: the account may not look.
    """
    require(permission=Permission.SEE_ORGANIZATION, organization_id=organization_id, account_id=account_id)
    rows = OrganizationMembership.objects.filter(organization_id=organization_id)
    if not search.strip():
        return rows
    everybody = members_of(organization_id=organization_id, account_id=account_id, search=search)
    return rows.filter(account_id__in=[member.account_id for member in everybody])


def project_membership_rows(*, project_id: UUID, account_id: UUID) -> QuerySet[ProjectMembership]:
    """Give the memberships of a project as rows to page through; `named_in_project` tells who they are.

    Raises:
        ProjectNotFound, NotAllowed: the account may not look.
    """
    require_in_project(permission=Permission.USE_CLUSTERS, project_id=project_id, account_id=account_id)
    return ProjectMembership.objects.filter(project_id=project_id).select_related("member")


def named(rows: Iterable[OrganizationMembership]) -> list[Member]:
    """Tell who the members are, in the order of the rows."""
    return _members((row.account_id, row.role, row.joined_at) for row in rows)


def named_in_project(rows: Iterable[ProjectMembership]) -> list[Member]:
    """Tell who the members of a project are, in the order of the rows."""
    return _members((row.member.account_id, row.role, row.joined_at) for row in rows)


def others_in(*, organization_ids: Iterable[UUID], account_id: UUID) -> dict[UUID, list[Member]]:
    """List, for each of the organizations that the account belongs to, the other members by name."""
    mine = OrganizationMembership.objects.filter(account_id=account_id).values("organization_id")
    others = OrganizationMembership.objects.filter(
        organization_id__in=mine.filter(organization_id__in=list(organization_ids))
    ).exclude(account_id=account_id)
    rows = list(others.values_list("account_id", "role", "joined_at", "organization_id"))
    people = {member.account_id: member for member in _named(row[:3] for row in rows)}
    found: dict[UUID, list[Member]] = {}
    for row in sorted(rows, key=lambda row: people[row[0]].sorting):
        found.setdefault(row[3], []).append(replace(people[row[0]], role=Role(row[1]), joined_at=row[2]))
    return found


def _only(found: list[Member]) -> Member:
    if not found:
        raise MemberNotFound
    return found[0]


def _named(rows: Iterable[tuple[UUID, str, datetime]]) -> list[Member]:
    return sorted(_members(rows), key=lambda member: member.sorting)


def _members(rows: Iterable[tuple[UUID, str, datetime]]) -> list[Member]:
    listed = list(rows)
    people = read([account_id for account_id, _, _ in listed])
    return [
        Member(
            account_id, display_name(people, account_id), _address(people, account_id), Role(role), joined_at
        )
        for account_id, role, joined_at in listed
    ]


def _address(people: dict[UUID, Person], account_id: UUID) -> str:
    return people[account_id].address if account_id in people else ""
