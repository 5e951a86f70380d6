"""The shapes of invitations and API keys."""

from typing import Literal
from uuid import UUID

from ninja import Schema
from pydantic import AwareDatetime, Field

from adieu.api.v1.paging import PageOut
from adieu.api.v1.schemas import Closed, Problem
from adieu.api.v1.schemas_organizations import CONFLICTING, LONGEST_TYPED

type RoleName = Literal["owner", "member"]

ENDED = {**CONFLICTING, 410: Problem}
LIMITED = {**ENDED, 429: Problem}


class MisfitOut(Schema):
    """An address that cannot be invited: which one it was, counted from 1, and why."""

    number: int
    code: str
    title: str


class AddressesProblem(Problem):
    """What went wrong, for each address."""

    addresses: list[MisfitOut] | None = None


class ProjectPlaceIn(Closed):
    """A project that those who are invited come to."""

    id: UUID
    role: RoleName = "member"


class InviteIn(Closed):
    """Whom to invite, and as what."""

    emails: list[str]
    role: RoleName = "member"
    project: ProjectPlaceIn | None = None


class InvitationOut(Schema):
    """A pending invitation, for those who invite."""

    id: UUID
    email: str
    role: str
    project_id: UUID | None
    project_name: str
    project_role: str | None
    inviter_name: str
    sent_at: AwareDatetime
    expires_at: AwareDatetime
    link: str


class SentOut(Schema):
    """The invitations that were sent."""

    items: list[InvitationOut]


class InvitationsOut(PageOut):
    """A page of pending invitations."""

    items: list[InvitationOut]


class OfferOut(Schema):
    """An invitation, for the person it was sent to."""

    organization_id: UUID
    organization_name: str
    role: str
    project_name: str
    project_role: str | None
    inviter_name: str
    expires_at: AwareDatetime


class AcceptedOut(Schema):
    """Where the caller is a member now."""

    organization_id: UUID


class ApiKeyIn(Closed):
    """A name for a new key, and when it runs out, if ever."""

    name: str = Field(max_length=LONGEST_TYPED)
    expires_at: AwareDatetime | None = None


class ApiKeyOut(Schema):
    """An API key without its secret; `hint` is how it ends."""

    id: UUID
    organization_id: UUID
    name: str
    hint: str
    created_at: AwareDatetime
    last_used_at: AwareDatetime | None
    expires_at: AwareDatetime | None


class NewApiKeyOut(Schema):
    """The key itself, for the only time."""

    id: UUID
    key: str


class ApiKeysOut(PageOut):
    """A page of the caller's API keys in an organization."""

    items: list[ApiKeyOut]
