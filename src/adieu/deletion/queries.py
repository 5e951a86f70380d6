"""Reading what a person may know about their own leaving."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from adieu.core.keeping import Blocker, Description
from adieu.deletion.keeper import PART_COMMENT
from adieu.deletion.keepers import describe, find_blockers
from adieu.deletion.models import DeletionRequest, ErasureStep, RequestState, StepState, Verification
from adieu.deletion.requests import open_requests
from adieu.deletion.verification import MOST_TRIES, RESEND_AFTER


@dataclass(frozen=True)
class Preflight:
    """What is in the way, what goes and what stays."""

    blockers: tuple[Blocker, ...]
    description: Description

    @property
    def is_deletable(self) -> bool:
        """Whether nothing is in the way."""
        return not self.blockers


@dataclass(frozen=True)
class CodeSent:
    """The code that is under way, without the code."""

    sent_at: datetime
    expires_at: datetime
    resend_after_seconds: int
    tries_left: int
    is_expired: bool
    is_of_this_session: bool


def preflight(*, account_id: UUID) -> Preflight:
    """Tell whether an account can go now, and what that would mean (Rules D2, D5)."""
    return Preflight(
        blockers=tuple(find_blockers(account_id=account_id)), description=describe(account_id=account_id)
    )


def last_request(*, account_id: UUID) -> DeletionRequest | None:
    """Give the account's open request, else the one that ended last."""
    ended = DeletionRequest.objects.filter(account_id=account_id, state=RequestState.ENDED)
    return open_requests(account_id=account_id).first() or ended.order_by("-ended_at").first()


def entries_in_use(account_ids: list[UUID]) -> set[UUID]:
    """Pick the former accounts whose deletion still needs their vault entry, for the last mail (Rule D9)."""
    unfinished = ErasureStep.objects.filter(request__former_account_id__in=account_ids).exclude(
        state=StepState.DONE
    )
    ids = unfinished.values_list("request__former_account_id", flat=True).distinct()
    return {account_id for account_id in ids if account_id is not None}


def comments_in_use(request_ids: list[UUID]) -> set[UUID]:
    """Pick the requests whose comment in the vault is still theirs (Rule D3).

    They are those that are not confirmed, and those whose comment is still to be parted from them.
    """
    requests = DeletionRequest.objects.filter(id__in=request_ids)
    parting = ErasureStep.objects.filter(request_id__in=request_ids, name=PART_COMMENT).exclude(
        state=StepState.DONE
    )
    open_ones = requests.filter(confirmed_at__isnull=True).values_list("id", flat=True)
    return {*open_ones, *parting.values_list("request_id", flat=True)}


def code_sent(*, account_id: UUID, session_digest: str, now: datetime) -> CodeSent | None:
    """Tell about the code of the open request, if one was sent."""
    verification = Verification.objects.filter(
        request__account_id=account_id, request__state=RequestState.OPEN
    ).first()
    if verification is None:
        return None
    wait = max(verification.sent_at + RESEND_AFTER - now, timedelta())
    return CodeSent(
        sent_at=verification.sent_at,
        expires_at=verification.expires_at,
        resend_after_seconds=-(-wait // timedelta(seconds=1)),
        tries_left=MOST_TRIES - verification.wrong_tries,
        is_expired=verification.expires_at <= now,
        is_of_this_session=verification.session_digest == session_digest,
    )
