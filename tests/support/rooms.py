"""Organizations and projects, and people put into them without an invitation."""

from datetime import datetime
from uuid import UUID

from adieu.kit.transactions import transaction
from adieu.tenancy.models import Role
from adieu.tenancy.operations import create_organization
from adieu.tenancy.ownership import admit
from adieu.tenancy.projects import create_project


def make_organization(owner: UUID, now: datetime, *, name: str = "Office") -> UUID:
    """Make an organization with its default project."""
    return create_organization(account_id=owner, name=name, now=now)


def make_project(organization_id: UUID, owner: UUID, now: datetime, *, name: str = "Atlas") -> UUID:
    """Make a project."""
    return create_project(organization_id=organization_id, account_id=owner, name=name, now=now)


def put_into(organization_id: UUID, account_id: UUID, now: datetime, *, role: Role = Role.MEMBER) -> None:
    """Make an account a member."""
    with transaction():
        admit(organization_id=organization_id, account_id=account_id, role=role, now=now)
