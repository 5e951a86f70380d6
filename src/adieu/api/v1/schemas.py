"""The shapes that go in and out."""

from datetime import datetime
from uuid import UUID

from ninja import Schema
from pydantic import ConfigDict, Field


class Closed(Schema):
    """A body that may hold nothing but its fields: a misspelled one is told, not ignored."""

    model_config = ConfigDict(extra="forbid")


class AccountOut(Schema):
    """Who is signed in."""

    id: UUID
    email: str
    name: str
    company: str
    country: str


class SubjectOut(Schema):
    """A thing, as it is called now."""

    kind: str
    id: str
    name: str


class RemedyOut(Schema):
    """One way to settle a blocker."""

    action: str
    href: str


class BlockerOut(Schema):
    """Why the account cannot be deleted now."""

    code: str
    subject: SubjectOut
    remedies: list[RemedyOut]


class GoingOut(Schema):
    """What is destroyed."""

    one: str
    many: str
    count: int


class StayingOut(Schema):
    """What remains."""

    what: str
    why: str
    how_long: str


class ConsentText(Schema):
    """A text to agree to, by its id."""

    id: str
    text: str


class PreflightOut(Schema):
    """Whether the account can go, and what that would mean."""

    deletable: bool
    blockers: list[BlockerOut]
    goes: list[GoingOut]
    stays: list[StayingOut]
    told: list[str]
    consents: list[ConsentText]


class OpenIn(Closed):
    """The feedback."""

    reason: str = Field(max_length=32)
    comment: str = Field(default="", max_length=1000)


class RequestOut(Schema):
    """An open deletion request."""

    id: UUID
    state: str
    opened_at: datetime


class CodeIn(Closed):
    """The address, typed again."""

    email: str = Field(max_length=254)


class CodeOut(Schema):
    """What became of the code; never the code."""

    sent_at: datetime
    expires_at: datetime


class ConfirmIn(Closed):
    """The code and the ids of the texts that were agreed to."""

    code: str = Field(max_length=64)
    consents: list[str] = Field(max_length=20)


class ConfirmOut(Schema):
    """The deletion that has begun; `status_url` needs no sign-in."""

    deletion_id: UUID
    status_url: str


class StepOut(Schema):
    """One step of the erasure."""

    title: str
    state: str
    done_at: datetime | None


class ReceiptOut(Schema):
    """The signed receipt and its proof, as the file holds them."""

    receipt: str
    proof: str


class ProgressOut(Schema):
    """How far a deletion is, and what it was about."""

    state: str
    confirmed_at: datetime
    completed_at: datetime | None
    promised_by_at: datetime
    shown_until_at: datetime | None
    steps: list[StepOut]
    goes: list[GoingOut]
    stays: list[StayingOut]
    told: list[str]
    receipt: ReceiptOut | None


class Problem(Schema):
    """What went wrong (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str = ""


class Blocked(Problem):
    """What has to be settled first."""

    blockers: list[BlockerOut]


class WrongCodeProblem(Problem):
    """What went wrong, and how many tries are left where that matters."""

    tries_left: int | None = None
    missing: list[str] | None = None
