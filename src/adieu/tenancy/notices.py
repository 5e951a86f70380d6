"""Mails about organizations. What they say is written at hand-over, from ids and the names of things."""

from datetime import datetime, timedelta
from uuid import UUID

from adieu.notices.composing import Composed, NothingToSay, OwedNotice, register
from adieu.notices.operations import owe
from adieu.notices.rendering import render
from adieu.vault.queries import read

MAIL_LIVES = timedelta(days=2)
REMOVED = "tenancy.removed"
ORGANIZATION_DELETED = "tenancy.organization_deleted"
HANDED_OVER = "tenancy.handed_over"
INVITATIONS_ENDED = "tenancy.invitations_ended"


def register_mails() -> None:
    """Tell the notices how these mails are written."""
    register(REMOVED, compose_removed)
    register(ORGANIZATION_DELETED, compose_organization_deleted)
    register(HANDED_OVER, compose_handed_over)
    register(INVITATIONS_ENDED, compose_invitations_ended)


def owe_removed(*, account_id: UUID, name: str, now: datetime) -> None:
    """Owe the mail to somebody who was removed from an organization (Rule O5)."""
    owe(kind=REMOVED, now=now, give_up_after=MAIL_LIVES, account_id=account_id, payload={"name": name})


def owe_organization_deleted(*, account_id: UUID, name: str, is_by_operator: bool, now: datetime) -> None:
    """Owe the mail to a member of an organization that was deleted (Rule O6)."""
    payload = {"name": name, **({"by": "operator"} if is_by_operator else {})}
    owe(kind=ORGANIZATION_DELETED, now=now, give_up_after=MAIL_LIVES, account_id=account_id, payload=payload)


def owe_handed_over(*, account_id: UUID, name: str, now: datetime) -> None:
    """Owe the mail to somebody whom an operator made owner of an organization (Rule D12)."""
    owe(kind=HANDED_OVER, now=now, give_up_after=MAIL_LIVES, account_id=account_id, payload={"name": name})


def owe_invitations_ended(*, account_id: UUID, name: str, count: int, once: str, now: datetime) -> None:
    """Owe the mail to an owner: a deleted account had sent invitations, which ended with it (Rule D6)."""
    payload = {"name": name, "count": str(count)}
    owe(
        kind=INVITATIONS_ENDED,
        now=now,
        give_up_after=MAIL_LIVES,
        account_id=account_id,
        payload=payload,
        once=once,
    )


def compose_removed(notice: OwedNotice) -> Composed:
    """Write to somebody who was removed."""
    name = notice.payload["name"]
    paragraphs = [
        f"You are no longer a member of “{name}”.",
        "Your access to its projects and the API keys you had there ended at once.",
        "Your account and your other organizations are not touched.",
    ]
    return _composed(notice, f"You were removed from “{name}”", paragraphs)


def compose_organization_deleted(notice: OwedNotice) -> Composed:
    """Write to a member of an organization that is gone."""
    name = notice.payload["name"]
    is_by_operator = notice.payload.get("by") == "operator"
    who = "The people who run this console" if is_by_operator else "One of its owners"
    paragraphs = [
        f"{who} deleted the organization “{name}”.",
        "Its projects, memberships and settings are gone. Your account is not touched.",
    ]
    return _composed(notice, f"“{name}” was deleted", paragraphs)


def compose_handed_over(notice: OwedNotice) -> Composed:
    """Write to somebody who takes over an organization whose only owner is gone."""
    name = notice.payload["name"]
    paragraphs = [
        f"The people who run this console made you owner of the organization “{name}”.",
        "Its only owner's account was deleted, and an organization keeps an owner.",
        "You can make somebody else owner, or delete it.",
    ]
    return _composed(notice, f"You are owner of “{name}”", paragraphs)


def compose_invitations_ended(notice: OwedNotice) -> Composed:
    """Write to an owner whose organization had pending invitations of an account that is gone."""
    name, count = notice.payload["name"], notice.payload["count"]
    what = "1 pending invitation" if count == "1" else f"{count} pending invitations"
    paragraphs = [
        f"A member of “{name}” deleted their account. {what} they had sent ended with it.",
        "If the people invited shall still join, invite them again.",
    ]
    return _composed(notice, f"Invitations to “{name}” ended", paragraphs)


def _composed(notice: OwedNotice, subject: str, paragraphs: list[str]) -> Composed:
    people = read([notice.account_id]) if notice.account_id else {}
    if notice.account_id not in people:
        raise NothingToSay
    text, html = render(subject, paragraphs)
    return Composed(people[notice.account_id].address, subject, text, html)
