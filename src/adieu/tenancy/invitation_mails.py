"""The mail that invites somebody; it is written at hand-over from what then is so."""

from datetime import datetime, timedelta
from uuid import UUID

from adieu.accounts.addresses import KIND
from adieu.identities.queries import ClaimStatus, status_of
from adieu.notices.composing import Composed, NothingToSay, OwedNotice, register
from adieu.notices.operations import owe
from adieu.notices.rendering import render
from adieu.tenancy.models import Invitation, InvitationState
from adieu.tenancy.offers import described

INVITED = "tenancy.invited"


def register_mails() -> None:
    """Tell the notices how this mail is written."""
    register(INVITED, compose_invitation)


def owe_invitation(*, invitation_id: UUID, sent_at: datetime, lives: timedelta) -> None:
    """Owe the mail of one sending."""
    payload = {"invitation": str(invitation_id), "sent_at": sent_at.isoformat()}
    owe(kind=INVITED, now=sent_at, give_up_after=lives, account_id=None, payload=payload)


def compose_invitation(notice: OwedNotice) -> Composed:
    """Write to somebody who is invited.

    Raises:
        NothingToSay: the invitation has ended or was sent again since, or its address is retired for good.
    """
    rows = Invitation.objects.select_related("organization", "project", "inviter")
    # After a resend only the latest sending goes out: what waited for the mail server comes once.
    sent_at = datetime.fromisoformat(notice.payload["sent_at"])
    row = rows.filter(id=notice.payload["invitation"], state=InvitationState.PENDING, sent_at=sent_at).first()
    if row is None:
        raise NothingToSay
    invitation = described([row])[0]
    # Rule O3: to its inviter it looks like any other.
    if not invitation.email or status_of(kind=KIND, identifier=invitation.email) is ClaimStatus.RETIRED:
        raise NothingToSay
    name = row.organization.name
    place = f"“{name}” and its project “{invitation.project_name}”" if row.project else f"“{name}”"
    paragraphs = [
        # Without the inviter's name: the mail would keep it when its person is gone. The page says it.
        f"You are invited to {place}. Open this link to see who invites you, and to accept or decline:",
        "It works for 48 hours, and only for this address.",
        "If you have no account yet, you sign up with this address first.",
        "If you do not know who this is, there is nothing you need to do.",
    ]
    subject = f"You are invited to “{name}”"
    text, html = render(subject, paragraphs, link=invitation.link)
    return Composed(invitation.email, subject, text, html)
