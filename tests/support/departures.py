"""Somebody whose leaving declares every step there is."""

from datetime import datetime
from uuid import UUID

from django.contrib.auth import SESSION_KEY

from adieu.accounts.operations import change_profile
from adieu.accounts.session_store import SessionStore
from adieu.notices.operations import owe_mail
from adieu.tenancy.invitations import invite
from adieu.tenancy.models import Role
from tests.support.people import ask_to_leave, settle
from tests.support.rooms import make_organization, put_into

NAME = "Somebody Who Leaves"
INVITED = ("dora@example.org", "emil@example.org")


def prepare_to_leave(leaver: UUID, address: str, host: UUID, now: datetime, *, comment: str = "") -> str:
    """Let the leaver belong to the host's office, invite two, be invited elsewhere, and have a code."""
    settle(leaver, now)
    change_profile(account_id=leaver, name=NAME, company="Gone & Sons", country="IS")
    _open_session(leaver)
    office, annex = make_organization(host, now), make_organization(host, now, name="Annex")
    put_into(office, leaver, now)
    invite(organization_id=office, account_id=leaver, addresses=INVITED, role=Role.MEMBER, now=now)
    invite(organization_id=annex, account_id=host, addresses=(address,), role=Role.MEMBER, now=now)
    code = ask_to_leave(leaver, address, now, comment=comment)
    owe_mail(
        kind="test.waiting",
        address=address,
        subject="A mail that waits",
        text="text",
        html="html",
        now=now,
        give_up_after=now - now,
        account_id=leaver,
    )
    return code


def _open_session(account_id: UUID) -> None:
    browser = SessionStore()
    browser[SESSION_KEY] = str(account_id)
    browser.create()
