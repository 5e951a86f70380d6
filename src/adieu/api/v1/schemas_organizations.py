"""The shapes of `/api/v1/organizations…` and `/api/v1/projects…`."""

from datetime import datetime
from uuid import UUID

from ninja import Schema
from pydantic import Field

from adieu.api.v1.paging import PageOut
from adieu.api.v1.schemas import Closed, Problem
from adieu.core.names import LONGEST_NAME
from adieu.tenancy.information import LONGEST_DESCRIPTION, LONGEST_WEBSITE
from adieu.tenancy.models import Role

LONGEST_SEARCH = 254
LONGEST_ZONE = 64
# A name may come with letters and accents apart, which is longer than it is kept.
LONGEST_TYPED = 4 * LONGEST_NAME

# Everything within an organization may be refused like this.
REFUSED = {401: Problem, 403: Problem, 404: Problem, 422: Problem}
CONFLICTING = {**REFUSED, 409: Problem}


class NameIn(Closed):
    """A name: of something new, or typed before something goes."""

    name: str = Field(max_length=LONGEST_TYPED)


class OrganizationOut(Schema):
    """An organization, and the role that the caller has in it."""

    id: UUID
    name: str
    role: Role
    member_count: int
    description: str
    website: str
    contact_id: UUID | None
    time_zone: str
    created_at: datetime


class OrganizationsOut(PageOut):
    """The caller's organizations."""

    items: list[OrganizationOut]


class OrganizationIn(Closed):
    """What changes; what is left out stays."""

    # Factories, since nothing is set to what stands here.
    name: str = Field(default_factory=str, max_length=LONGEST_TYPED)
    description: str = Field(default_factory=str, max_length=4 * LONGEST_DESCRIPTION)
    website: str = Field(default_factory=str, max_length=4 * LONGEST_WEBSITE)
    contact_id: UUID | None = Field(default=None, description="A member's account id; null for nobody.")
    time_zone: str = Field(
        default_factory=str, max_length=LONGEST_ZONE, description="An IANA name, as Europe/Berlin."
    )


class MemberOut(Schema):
    """Somebody in an organization or a project."""

    account_id: UUID
    name: str
    email: str = Field(alias="address")
    role: Role
    joined_at: datetime


class MembersOut(PageOut):
    """Members, whoever is there longest first."""

    items: list[MemberOut]


class SearchIn(Schema):
    """Part of a name or an address."""

    search: str = Field(default="", max_length=LONGEST_SEARCH)


class RoleIn(Closed):
    """A role."""

    role: Role


class MemberIn(Closed):
    """A member of the organization, and their role in the project."""

    account_id: UUID
    role: Role = Role.MEMBER


class OwnershipIn(Closed):
    """The member who becomes owner in the caller's place."""

    account_id: UUID


class ProjectOut(Schema):
    """A project that the caller may see."""

    id: UUID
    organization_id: UUID
    name: str
    is_default: bool
    member_count: int
    created_at: datetime


class ProjectsOut(PageOut):
    """The projects of an organization that the caller may see."""

    items: list[ProjectOut]
