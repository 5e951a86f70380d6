"""Reading invitations: for those who invite, and for those who are invited (Rule O3)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db.models import Q, QuerySet
from django.urls import reverse

from adieu.core.keys import derive_key
from adieu.core.links import INVITATIONS, NotALink
from adieu.identities.queries import keys_of_account
from adieu.kit.errors import Fact
from adieu.tenancy.models import Invitation, InvitationState, Project, Role
from adieu.tenancy.permissions import NotAllowed, Permission, standing_in
from adieu.tenancy.reach import is_within_reach
from adieu.vault import invited
from adieu.vault.queries import display_name, read


class InvitationNotFound(Fact):
    """There is no such invitation."""


class InvitationEnded(Fact):
    """This invitation has ended. Ask for a new one."""

    def __init__(self, organization_id: UUID) -> None:
        super().__init__()
        self.organization_id = organization_id


class NotInvited(Fact):
    """This invitation was sent to another address."""


@dataclass(frozen=True)
class PendingInvitation:
    """An invitation as those who invite see it; the address is empty once it has ended meanwhile."""

    id: UUID
    email: str
    role: Role
    project_id: UUID | None
    project_name: str
    project_role: Role | None
    inviter_name: str
    sent_at: datetime
    expires_at: datetime
    link: str


@dataclass(frozen=True)
class Offer:
    """An invitation as the person who is invited sees it."""

    token: str
    organization_id: UUID
    organization_name: str
    role: Role
    project_name: str
    project_role: Role | None
    inviter_name: str
    expires_at: datetime


def token_of(invitation_id: UUID) -> str:
    """Derive the secret part of an invitation's link; it is stored nowhere."""
    return INVITATIONS.token(key=_key(), subject_id=invitation_id)


def link_of(invitation_id: UUID) -> str:
    """Give the link of an invitation in full."""
    return settings.ADIEU.base_url + reverse("invitation", args=[token_of(invitation_id)])


def pending_in(*, organization_id: UUID, account_id: UUID, now: datetime) -> QuerySet[Invitation]:
    """List the pending invitations of an organization: all for its owners, their own for members.

    Raises:
        OrganizationNotFound, NotAllowed: the account may not look.
    """
    standing = standing_in(organization_id=organization_id, account_id=account_id)
    if not standing.may(Permission.INVITE_MEMBERS):
        raise NotAllowed
    rows = live(now).filter(organization_id=organization_id)
    if not standing.may(Permission.MANAGE_MEMBERS):
        rows = rows.filter(inviter=standing.membership)
    return rows.select_related("project", "inviter")


def projects_to_offer(*, organization_id: UUID, account_id: UUID) -> list[tuple[UUID, str]]:
    """List the projects an account can invite to, by name.

    Raises:
        OrganizationNotFound: the account does not belong to the organization.
    """
    standing = standing_in(organization_id=organization_id, account_id=account_id)
    projects = Project.objects.filter(organization_id=organization_id)
    if not standing.may(Permission.MANAGE_PROJECT_MEMBERS):
        projects = projects.filter(memberships__member=standing.membership, memberships__role=Role.OWNER)
    return list(projects.order_by("-is_default", "name").values_list("id", "name"))


def described(rows: Iterable[Invitation]) -> list[PendingInvitation]:
    """Describe invitations with the addresses and names that the vault holds, in one query each."""
    listed = list(rows)
    addresses = invited.read([row.id for row in listed])
    people = read([row.inviter.account_id for row in listed if row.inviter])
    return [
        PendingInvitation(
            id=row.id,
            email=addresses.get(row.id, ""),
            role=Role(row.role),
            project_id=row.project_id,
            project_name=row.project.name if row.project else "",
            project_role=Role(row.project_role) if row.project_role else None,
            inviter_name=display_name(people, row.inviter.account_id) if row.inviter else "",
            sent_at=row.sent_at,
            expires_at=row.expires_at,
            link=link_of(row.id),
        )
        for row in listed
    ]


def offers_to(*, account_id: UUID, now: datetime) -> list[Offer]:
    """List what an account is invited to, the newest first."""
    rows = _worth_accepting(now).filter(address_key__in=keys_of_account(account_id))
    return _offers(rows.select_related("organization", "project", "inviter").order_by("-sent_at", "id"))


def has_offers(*, account_id: UUID, now: datetime) -> bool:
    """Tell whether an account is invited anywhere."""
    return _worth_accepting(now).filter(address_key__in=keys_of_account(account_id)).exists()


def offer_behind(*, token: str, account_id: UUID, now: datetime) -> Offer:
    """Show an invitation to the account it was sent to.

    Raises:
        InvitationNotFound: the link leads nowhere.
        InvitationEnded: it was accepted, declined, revoked, or ran out.
        NotInvited: it was sent to another address.
    """
    row = live_behind(token=token, now=now)
    if row.address_key not in keys_of_account(account_id):
        raise NotInvited
    return _offers([row])[0]


def organization_behind(*, token: str, now: datetime) -> str:
    """Name the organization an invitation is from, to whoever holds its link.

    Raises:
        InvitationNotFound, InvitationEnded: there is nothing to show.
    """
    return live_behind(token=token, now=now).organization.name


def invited_key(*, token: str, now: datetime) -> str:
    """Give the claim key of the address that a live invitation was sent to; empty where there is none."""
    try:
        return live_behind(token=token, now=now).address_key
    except (InvitationNotFound, InvitationEnded):
        return ""


def live_behind(*, token: str, now: datetime) -> Invitation:
    """Find the live invitation that a link leads to.

    Raises:
        InvitationNotFound, InvitationEnded: there is none.
    """
    try:
        invitation_id = INVITATIONS.read(token, key=_key())
    except NotALink as error:
        raise InvitationNotFound from error
    rows = Invitation.objects.select_related("organization", "project", "inviter")
    row = rows.filter(id=invitation_id).first()
    if row is None or not is_within_reach(row.organization_id):
        raise InvitationNotFound
    if row.state != InvitationState.PENDING or row.expires_at <= now:
        raise InvitationEnded(row.organization_id)
    return row


def live(now: datetime) -> QuerySet[Invitation]:
    """Give the invitations that can be accepted."""
    return Invitation.objects.filter(state=InvitationState.PENDING, expires_at__gt=now)


def _worth_accepting(now: datetime) -> QuerySet[Invitation]:
    # An owner who was demoted can make nobody owner any more: that offer holds nobody up (Rule A3).
    can_be_given = Q(role=Role.MEMBER) | Q(inviter__role=Role.OWNER)
    return live(now).filter(can_be_given, inviter__isnull=False)


def _offers(rows: Iterable[Invitation]) -> list[Offer]:
    listed = list(rows)
    people = read([row.inviter.account_id for row in listed if row.inviter])
    return [
        Offer(
            token=token_of(row.id),
            organization_id=row.organization_id,
            organization_name=row.organization.name,
            role=Role(row.role),
            project_name=row.project.name if row.project else "",
            project_role=Role(row.project_role) if row.project_role else None,
            inviter_name=display_name(people, row.inviter.account_id) if row.inviter else "",
            expires_at=row.expires_at,
        )
        for row in listed
    ]


def _key() -> bytes:
    return derive_key(settings.ROOT_KEY, "invitation-link")
