"""Inviting people by their addresses, and what becomes of it (Rules O3, A3).

Note [Who decides about an invitation]
Its row does: accepting, declining, revoking and running out are conditional updates of one state, so it is
used once, whoever comes at the same time. A link proves nothing: what counts is that the account holds the
live claim on the invited address. It is worth what its inviter may still give when it is accepted; when the
inviter's place in the organization ends, it ends, too.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from adieu.accounts.erasing import hold_account
from adieu.activities.kinds import Kind
from adieu.activities.operations import record
from adieu.identities.queries import keys_of_account
from adieu.kit.errors import Fact
from adieu.kit.limits import take
from adieu.kit.transactions import transaction, transaction_required
from adieu.tenancy import endings, invitation_mails, ownership
from adieu.tenancy.invitees import Invitee, invitees_of, refuse_misfits
from adieu.tenancy.models import Invitation, InvitationState, OrganizationMembership, Role
from adieu.tenancy.offers import InvitationEnded, InvitationNotFound, NotInvited, live, live_behind
from adieu.tenancy.permissions import (
    NotAllowed,
    OrganizationNotFound,
    Permission,
    ProjectNotFound,
    require,
    require_in_project,
    standing_in,
)
from adieu.tenancy.welcoming import mark_arrived
from adieu.vault import invited

LIVES = timedelta(hours=48)
RESEND_AFTER = timedelta(seconds=60)
# Nobody's mailbox is filled from here, and nobody invites the whole world.
MOST_MAILS_A_DAY = 10
MOST_ROUNDS_AN_HOUR = 60
NEEDED = {Role.OWNER: Permission.MANAGE_MEMBERS, Role.MEMBER: Permission.INVITE_MEMBERS}


class SentJustNow(Fact):
    """This invitation was sent less than a minute ago."""

    def __init__(self, *, retry_after: timedelta) -> None:
        super().__init__()
        self.retry_after = retry_after


def invite(
    *,
    organization_id: UUID,
    account_id: UUID,
    addresses: Sequence[str],
    role: Role,
    project_id: UUID | None = None,
    project_role: Role = Role.MEMBER,
    now: datetime,
) -> list[UUID]:
    """Invite people to an organization, and to one of its projects if one is named; all of them or none.

    Args:
        organization_id: Where to.
        account_id: Who invites: an owner with any role, a member as members (Rule O3).
        addresses: 1 to 100; one that is there twice counts once.
        role: Their role in the organization.
        project_id: A project in which whoever invites may manage members, with `project_role`.

    Raises:
        OrganizationNotFound, ProjectNotFound, NotAllowed: the account may not.
        NoAddresses, TooManyAddresses, AddressesNotFit, TooManyInvitations: nothing is stored.
        LimitReached: somebody was sent many mails today, or this account invites too often.
    """
    require(permission=NEEDED[role], organization_id=organization_id, account_id=account_id)
    invitees = invitees_of(addresses)
    take(key=f"invite:{account_id}", limit=MOST_ROUNDS_AN_HOUR, per=timedelta(hours=1), now=now)
    for invitee in invitees:
        _take_mail(account_id, invitee.key, now)
    invitation = Invitation(
        organization_id=organization_id,
        project_id=project_id,
        role=role,
        project_role=project_role if project_id else "",
        invited_at=now,
        sent_at=now,
        expires_at=now + LIVES,
    )
    with transaction():
        return _send(invitation, invitees, account_id)


def resend(*, invitation_id: UUID, account_id: UUID, now: datetime) -> None:
    """Send an invitation again; it then holds for another 48 hours.

    Raises:
        InvitationNotFound, NotAllowed: the account may not.
        InvitationEnded: it has ended.
        SentJustNow: it was sent less than 60 seconds ago.
        LimitReached: it was sent 10 times today.
    """
    invitation = _manageable(invitation_id, account_id)
    if invitation.sent_at > now - RESEND_AFTER and invitation.state == InvitationState.PENDING:
        raise SentJustNow(retry_after=invitation.sent_at + RESEND_AFTER - now)
    _take_mail(account_id, invitation.address_key, now)
    with transaction():
        due = live(now).filter(id=invitation_id, sent_at__lte=now - RESEND_AFTER)
        if not due.update(sent_at=now, expires_at=now + LIVES):
            raise InvitationEnded(invitation.organization_id)
        invitation_mails.owe_invitation(invitation_id=invitation_id, sent_at=now, lives=LIVES)
        _record(Kind.INVITATION_RESENT, invitation, account_id, now)


@transaction
def revoke(*, invitation_id: UUID, account_id: UUID, now: datetime) -> None:
    """Take an invitation back.

    Raises:
        InvitationNotFound, NotAllowed: the account may not.
        InvitationEnded: it has ended already, perhaps by being accepted.
    """
    invitation = _manageable(invitation_id, account_id)
    _end(invitation, InvitationState.REVOKED, now)
    _record(Kind.INVITATION_REVOKED, invitation, account_id, now)


@transaction
def accept(*, token: str, account_id: UUID, now: datetime) -> UUID:
    """Become a member, by an account that holds the live claim on the invited address.

    Returns:
        The organization's id.

    Raises:
        InvitationNotFound: the link leads nowhere.
        NotInvited: it was sent to another address; a link alone is no proof (Rule O3).
        InvitationEnded: it was used, declined, revoked, ran out, or its inviter may not give this any more.
        AlreadyMember, TooManyMembers: the account cannot join; the invitation stays as it is.
    """
    invitation = live_behind(token=token, now=now)
    # The account first, then the organization: see Note [Locking owners].
    _require_invited(invitation, account_id)
    try:
        ownership.lock_organization(invitation.organization_id)
    except OrganizationNotFound as gone:
        raise InvitationNotFound from gone
    _require_worth(invitation)
    _end(invitation, InvitationState.ACCEPTED, now)
    _admit(invitation, account_id, now)
    _record(Kind.INVITATION_ACCEPTED, invitation, account_id, now)
    return invitation.organization_id


@transaction
def decline(*, token: str, account_id: UUID, now: datetime) -> None:
    """Decline, by an account that holds the live claim on the invited address.

    Raises:
        InvitationNotFound, NotInvited, InvitationEnded: there is nothing to decline.
    """
    invitation = live_behind(token=token, now=now)
    _require_invited(invitation, account_id)
    _end(invitation, InvitationState.DECLINED, now)
    # By nobody: who declines stays a stranger to the organization, and so does their name.
    _record(Kind.INVITATION_DECLINED, invitation, None, now)


@transaction_required
def _send(offered: Invitation, invitees: Sequence[Invitee], account_id: UUID) -> list[UUID]:
    """Write one invitation like `offered` for each address."""
    organization_id, now = offered.organization_id, offered.sent_at
    # Under the lock: who is being removed invites nobody any more.
    ownership.lock_for(
        permission=NEEDED[Role(offered.role)], organization_id=organization_id, account_id=account_id
    )
    _require_project(offered.project_id, organization_id=organization_id, account_id=account_id)
    refuse_misfits(organization_id=organization_id, invitees=invitees, now=now)
    offered.inviter = standing_in(organization_id=organization_id, account_id=account_id).membership
    sent = {uuid.uuid4(): invitee for invitee in invitees}
    # Rule P4: the vault first. If the transaction fails, a sweep erases what it was given.
    invited.keep({invitation_id: invitee.address for invitation_id, invitee in sent.items()}, now=now)
    for invitation_id, invitee in sent.items():
        offered.id, offered.address_key = invitation_id, invitee.key
        offered.save(force_insert=True)
        invitation_mails.owe_invitation(invitation_id=invitation_id, sent_at=now, lives=LIVES)
        _record(Kind.INVITATION_SENT, offered, account_id, now)
    return list(sent)


def _require_project(project_id: UUID | None, *, organization_id: UUID, account_id: UUID) -> None:
    if project_id is None:
        return
    project = require_in_project(
        permission=Permission.MANAGE_PROJECT_MEMBERS, project_id=project_id, account_id=account_id
    )
    if project.organization_id != organization_id:
        raise ProjectNotFound


def _manageable(invitation_id: UUID, account_id: UUID) -> Invitation:
    """Give an invitation to an owner of its organization, or to the member who sent it."""
    invitation = Invitation.objects.filter(id=invitation_id).first()
    if invitation is None:
        raise InvitationNotFound
    try:
        standing = standing_in(organization_id=invitation.organization_id, account_id=account_id)
    except OrganizationNotFound as stranger:
        raise InvitationNotFound from stranger
    is_own = invitation.inviter_id == standing.membership.pk and standing.may(NEEDED[Role(invitation.role)])
    if not is_own and not standing.may(Permission.MANAGE_MEMBERS):
        raise NotAllowed
    return invitation


def _require_invited(invitation: Invitation, account_id: UUID) -> None:
    # Held, so that a deletion at the same time comes before or after: a claim that retires is seen.
    if not hold_account(account_id=account_id) or invitation.address_key not in keys_of_account(account_id):
        raise NotInvited


def _require_worth(invitation: Invitation) -> None:
    """Refuse what the inviter could not give any more."""
    organization_id = invitation.organization_id
    try:
        inviter = OrganizationMembership.objects.get(id=invitation.inviter_id or 0)
        giving = {"organization_id": organization_id, "account_id": inviter.account_id}
        require(permission=NEEDED[Role(invitation.role)], **giving)
        _require_project(invitation.project_id, **giving)
    except (OrganizationMembership.DoesNotExist, NotAllowed, OrganizationNotFound, ProjectNotFound) as lost:
        raise InvitationEnded(organization_id) from lost


def _end(invitation: Invitation, state: InvitationState, now: datetime) -> None:
    if not endings.end(live(now).filter(id=invitation.id), state=state, now=now):
        raise InvitationEnded(invitation.organization_id)


def _admit(invitation: Invitation, account_id: UUID, now: datetime) -> None:
    member = ownership.admit(
        organization_id=invitation.organization_id,
        account_id=account_id,
        role=Role(invitation.role),
        now=now,
    )
    if invitation.project_id:
        ownership.place_in_project(
            membership=member,
            project_id=invitation.project_id,
            role=Role(invitation.project_role),
            now=now,
        )
    mark_arrived(account_id=account_id, now=now)


def _take_mail(account_id: UUID, address_key: str, now: datetime) -> None:
    key = f"invitation-mail:{account_id}:{address_key}"
    take(key=key, limit=MOST_MAILS_A_DAY, per=timedelta(days=1), now=now)


def _record(kind: Kind, invitation: Invitation, actor_id: UUID | None, now: datetime) -> None:
    record(
        organization_id=invitation.organization_id,
        kind=kind,
        actor_id=actor_id,
        subject_kind="invitation",
        subject_id=str(invitation.id),
        subject_name="",
        now=now,
    )
