"""The e-mailed code: sending, checking, using up (Rule D4)."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import F

from adieu.core.canonical import NotAnAddress
from adieu.core.codes import derive_code, is_code
from adieu.core.keeping import Subject
from adieu.core.keys import derive_key
from adieu.deletion.consents import TEXTS
from adieu.deletion.keepers import owned
from adieu.deletion.models import DeletionRequest, RequestState, Verification
from adieu.deletion.requests import NoOpenRequest, open_requests, refuse_if_blocked
from adieu.identities.queries import is_claimed_by
from adieu.kit import limits, sql
from adieu.kit.errors import Fact
from adieu.kit.transactions import transaction, transaction_required
from adieu.notices.operations import owe

CODE_LIVES = timedelta(minutes=10)
RESEND_AFTER = timedelta(seconds=60)
MOST_TRIES = 5
SENDS_PER_ACCOUNT = 5
SENDS_PER_NETWORK_ADDRESS = 20
SENDS_WITHIN = timedelta(hours=1)
NOTICE_OF_CODE = "deletion.code"

# Both rows are locked in the statement that reads them: who waited for the one reads the other anew, too.
LOCK_VERIFICATION = """
    SELECT request.id, request.reason, request.intent_fence, request.intended_at, sent.owned,
        sent.consent_texts, sent.expires_at, sent.number, sent.session_digest, sent.wrong_tries
    FROM deletion_deletionrequest request JOIN deletion_verification sent ON sent.request_id = request.id
    WHERE request.account_id = %s AND request.state = 'open' AND request.reason <> ''
"""


class NotYourAddress(Fact):
    """This is not the e-mail address of your account."""


class ResendTooSoon(Fact):
    """A code was sent a moment ago. The next one can be sent a minute after it."""

    def __init__(self, retry_after: timedelta) -> None:
        """Remember how long to wait."""
        super().__init__()
        self.retry_after = retry_after


class NoCodeSent(Fact):
    """No code has been sent yet. The code comes first."""


class CodeOfAnotherSession(Fact):
    """The code was sent from another browser or sign-in. Send a new one from here."""


class CodeExpired(Fact):
    """The code is older than 10 minutes. Send a new one."""


class WrongCode(Fact):
    """That code does not match."""

    def __init__(self, tries_left: int) -> None:
        """Remember how many tries are left."""
        super().__init__()
        self.tries_left = tries_left


class RequestEnded(Fact):
    """Five codes did not match, so this request has ended. Nothing was deleted."""


class OwnThingsChanged(Fact):
    """What you own has changed since the code was sent."""

    def __init__(self, new: Sequence[Subject]) -> None:
        """Remember what was not there before."""
        super().__init__()
        self.new = tuple(new)


class CodeUsedUp(Fact):
    """The code was used already."""


def send_code(
    *, account_id: UUID, address: str, session_digest: str, network_address: str, now: datetime
) -> Verification:
    """Owe the person a code, bound to their request, their session and what they own.

    Args:
        account_id: Who wants to leave.
        address: What the person typed; must be an address of the account.
        session_digest: A digest of the session's key; only that session can use the code.
        network_address: Where the request came from, for the limit of 20 an hour.
        now: The present.

    Raises:
        NoOpenRequest: the feedback step comes first.
        DeletionBlocked: something must be settled first.
        NotYourAddress: the address is not the account's.
        ResendTooSoon: less than 60 seconds since the last one.
        LimitReached: 5 an hour for the account, or 20 for the network address, were sent.
    """
    _refuse_without_request(account_id)
    refuse_if_blocked(account_id=account_id)
    _refuse_other_address(account_id, address)
    _take_limits(account_id=account_id, network_address=network_address, now=now)
    return _owe_code(account_id=account_id, session_digest=session_digest, now=now)


@transaction
def _owe_code(*, account_id: UUID, session_digest: str, now: datetime) -> Verification:
    request = _lock_open_request(account_id)
    earlier = Verification.objects.filter(request=request).first()
    verification = Verification(
        request=request,
        number=earlier.number + 1 if earlier else 1,
        session_digest=session_digest,
        owned=_ids(owned(account_id=account_id)),
        consent_texts=list(TEXTS),
        wrong_tries=earlier.wrong_tries if earlier else 0,
        sent_at=now,
        expires_at=now + CODE_LIVES,
    )
    verification.save(force_update=earlier is not None, force_insert=earlier is None)
    owe(
        kind=NOTICE_OF_CODE,
        now=now,
        give_up_after=CODE_LIVES,
        account_id=account_id,
        payload={"request_id": str(request.id), "number": str(verification.number)},
    )
    return verification


def code_of(*, request_id: UUID, number: int) -> str:
    """Derive the code of one sending; it is stored nowhere."""
    key = derive_key(settings.ROOT_KEY, "deletion-code")
    return derive_code(key=key, request_id=request_id, number=number)


@transaction_required
def lock_verification(*, account_id: UUID) -> Verification:
    """Lock the open request and give its verification; twenty confirmations at once queue up here.

    Raises:
        NoOpenRequest: there is none, perhaps because another confirmation won.
        NoCodeSent: the code comes first.
    """
    found = sql.rows(LOCK_VERIFICATION + sql.for_update(), [account_id])
    if not found:
        _refuse_without_request(account_id)
        raise NoCodeSent
    return _as_verification(*found[0])


def _as_verification(
    request_id: UUID | str, reason: str, fence: UUID | str | None, intended_at: datetime | None, *sent: Any
) -> Verification:
    bound_to, consent_texts, expires_at, number, session_digest, wrong_tries = sent
    request = DeletionRequest(
        id=sql.as_id(request_id),
        reason=reason,
        intent_fence=sql.as_id(fence) if fence else None,
        intended_at=sql.as_moment(intended_at) if intended_at else None,
    )
    return Verification(
        request=request,
        number=number,
        session_digest=session_digest,
        owned=json.loads(bound_to),
        consent_texts=json.loads(consent_texts),
        wrong_tries=wrong_tries,
        expires_at=sql.as_moment(expires_at),
    )


@transaction_required
def refusal_of_code(
    verification: Verification, *, account_id: UUID, code: str, session_digest: str, now: datetime
) -> Fact | None:
    """Check a code. A refusal is given, not raised, because the try that it counts must be committed.

    Only a code that does not match uses up a try.
    """
    if verification.session_digest != session_digest:
        return CodeOfAnotherSession()
    if verification.expires_at <= now:
        return CodeExpired()
    changed = _rebind_if_changed(verification, account_id=account_id)
    if changed is not None:
        return changed
    if not is_code(code, expected=code_of(request_id=verification.request_id, number=verification.number)):
        return _count_wrong_try(verification, now=now)
    return None


@transaction_required
def use_up(verification: Verification, *, now: datetime) -> None:
    """Use the code up by one conditional update, so that one confirmation at most goes on.

    Raises:
        CodeUsedUp: somebody else did.
    """
    used = sql.run(
        "UPDATE deletion_verification SET used_up_at = %s"
        " WHERE request_id = %s AND number = %s AND used_up_at IS NULL",
        [now, verification.request_id, verification.number],
    )
    if not used:
        raise CodeUsedUp


def _refuse_without_request(account_id: UUID) -> None:
    if not open_requests(account_id=account_id).exists():
        raise NoOpenRequest


def _lock_open_request(account_id: UUID) -> DeletionRequest:
    request = open_requests(account_id=account_id).select_for_update().first()
    if request is None:
        raise NoOpenRequest
    return request


def _refuse_other_address(account_id: UUID, address: str) -> None:
    try:
        is_theirs = is_claimed_by(kind="email", identifier=address, account_id=account_id)
    except NotAnAddress as error:
        raise NotYourAddress from error
    if not is_theirs:
        raise NotYourAddress


def _take_limits(*, account_id: UUID, network_address: str, now: datetime) -> None:
    # The pace is a limit of the account, not of the request: cancelling and asking again is no way around it,
    # and of two tabs one is refused. The network's limit must not use up the account's, so it comes before.
    try:
        limits.take(key=f"deletion-code/pace/{account_id}", limit=1, per=RESEND_AFTER, now=now)
    except limits.LimitReached as reached:
        raise ResendTooSoon(reached.retry_after) from reached
    limits.take(
        key=f"deletion-code/network/{network_address}",
        limit=SENDS_PER_NETWORK_ADDRESS,
        per=SENDS_WITHIN,
        now=now,
    )
    limits.take(key=f"deletion-code/account/{account_id}", limit=SENDS_PER_ACCOUNT, per=SENDS_WITHIN, now=now)


def _ids(subjects: Sequence[Subject]) -> list[str]:
    return sorted(f"{subject.kind}:{subject.id}" for subject in subjects)


def _rebind_if_changed(verification: Verification, *, account_id: UUID) -> OwnThingsChanged | None:
    subjects = owned(account_id=account_id)
    ids, texts = _ids(subjects), list(TEXTS)
    if ids == verification.owned and texts == verification.consent_texts:
        return None
    known = frozenset(verification.owned)
    Verification.objects.filter(request_id=verification.request_id).update(owned=ids, consent_texts=texts)
    return OwnThingsChanged([subject for subject in subjects if f"{subject.kind}:{subject.id}" not in known])


def _count_wrong_try(verification: Verification, *, now: datetime) -> Fact:
    mine = Verification.objects.filter(request_id=verification.request_id, wrong_tries__lt=MOST_TRIES)
    mine.update(wrong_tries=F("wrong_tries") + 1)
    tries_left = MOST_TRIES - verification.wrong_tries - 1
    if tries_left > 0:
        return WrongCode(tries_left)
    DeletionRequest.objects.filter(id=verification.request_id).update(state=RequestState.ENDED, ended_at=now)
    return RequestEnded()
