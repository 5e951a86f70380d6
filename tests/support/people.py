"""The cast, made by the same operations as real people."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from allauth.account.models import EmailAddress
from django.core.mail import mailers

from adieu.accounts.operations import register
from adieu.deletion import crossing, requests, verification
from adieu.deletion.consents import TEXTS
from adieu.deletion.erasure import run_due_steps
from adieu.deletion.models import RequestState, Verification
from adieu.notices.delivery import deliver_due
from adieu.tenancy.operations import delete_organization, welcome
from adieu.tenancy.queries import organizations_of

PASSWORD = "a long walk in the rain"
SESSION = "5" * 64
NETWORK_ADDRESS = "192.0.2.7"


def join(address: str, now: datetime, *, is_welcomed: bool = True) -> UUID:
    """Make a verified account with its first organization."""
    account = register(address=address, password=PASSWORD, now=now)
    row = EmailAddress.objects.get(user=account)
    row.verified = True
    row.save()
    if is_welcomed:
        welcome(account_id=account.pk, now=now)
    return account.pk


def settle(account_id: UUID, now: datetime) -> None:
    """Delete the organizations that are in the way."""
    for organization in organizations_of(account_id=account_id):
        if organization.is_only_owner:
            delete_organization(
                organization_id=organization.id, account_id=account_id, typed_name=organization.name, now=now
            )


def ask_to_leave(account_id: UUID, address: str, now: datetime, *, comment: str = "") -> str:
    """Open a request, have the code sent, and give the code."""
    requests.open_request(account_id=account_id, reason="privacy", comment=comment, now=now)
    verification.send_code(
        account_id=account_id,
        address=address,
        session_digest=SESSION,
        network_address=NETWORK_ADDRESS,
        now=now,
    )
    return current_code(account_id)


def current_code(account_id: UUID) -> str:
    """Derive the code that was sent last."""
    sent = Verification.objects.get(request__account_id=account_id, request__state=RequestState.OPEN)
    return verification.code_of(request_id=sent.request_id, number=sent.number)


def confirm(
    account_id: UUID, code: str, now: datetime, *, consents: Iterable[str] = TEXTS, session: str = SESSION
) -> UUID:
    """Confirm with every box ticked, unless told otherwise."""
    return crossing.confirm(
        account_id=account_id, code=code, consents=consents, session_digest=session, now=now
    )


def leave(account_id: UUID, address: str, now: datetime) -> UUID:
    """Go the whole way to the point of no return."""
    settle(account_id, now)
    return confirm(account_id, ask_to_leave(account_id, address, now), now)


def work(now: datetime) -> None:
    """Do what the worker does, until nothing is due at `now`."""
    for seconds in range(0, 12, 3):
        moment = now + timedelta(seconds=seconds)
        run_due_steps(now=partial(_same, moment), random=lambda: 0.0, report=fail)
        deliver_due(now=moment, mailer=mailers.default)


def _same(moment: datetime) -> datetime:
    return moment


def fail(step_id: UUID, error: Exception) -> None:
    """Show what went wrong in a step; the worker itself only notes the kind."""
    raise AssertionError(step_id) from error
