"""Who belongs to an organization or a project, with the names that the vault holds (Rule P1)."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
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


def _named(rows: Iterable[tuple[UUID, str, datetime]]) -> list[Member]:
    listed = list(rows)
    people = read([account_id for account_id, _, _ in listed])
    members = [
        Member(
            account_id, display_name(people, account_id), _address(people, account_id), Role(role), joined_at
        )
        for account_id, role, joined_at in listed
    ]
    return sorted(members, key=lambda member: member.sorting)


def _address(people: dict[UUID, Person], account_id: UUID) -> str:
    return people[account_id].address if account_id in people else ""
