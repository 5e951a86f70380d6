"""What a person sees of their sessions and can do with them, and what ends by itself (Rules A6, A8)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from adieu.accounts.models import Session
from adieu.accounts.session_store import ANONYMOUS_IDLE, SIGNED_IN_IDLE, SessionStore, digest_of_key
from adieu.kit.who import came_with
from adieu.vault import session_contents as contents
from adieu.vault.session_contents import Whereabouts

# Django looks for the engine here (`SESSION_ENGINE`).
__all__ = [
    "SessionStore",
    "digest_of_session",
    "end",
    "end_others",
    "seen_middleware",
    "sessions_of",
    "sweep",
]

# A new session's content is written a moment before its row (Rule P4); the sweep leaves it alone that long.
GRACE = timedelta(minutes=1)

DIGEST = re.compile("[0-9a-f]{64}")
LONGEST_NETWORK_ADDRESS = 45
LONGEST_USER_AGENT = 200


@dataclass(frozen=True)
class KnownSession:
    """A browser that is signed in, as its owner sees it."""

    id: str
    started_at: datetime
    last_seen_at: datetime
    network_address: str
    user_agent: str
    is_current: bool


def sessions_of(*, account_id: UUID, current_key: str | None, now: datetime) -> list[KnownSession]:
    """List where an account is signed in, the last seen first."""
    rows = Session.objects.filter(account_id=account_id, expires_at__gt=now).order_by("-last_seen_at")
    seen = contents.read_whereabouts([row.key_digest for row in rows])
    current = digest_of_key(current_key or "")
    return [_known(row, seen.get(row.key_digest, Whereabouts()), current) for row in rows]


def end(*, account_id: UUID, session_id: str) -> bool:
    """End one of an account's sessions, and tell whether it was there."""
    # It comes from a URL: what is no digest may be anybody's word, which the main database must not see (P1).
    if not DIGEST.fullmatch(session_id):
        return False
    return _end(Session.objects.filter(account_id=account_id, key_digest=session_id)) == 1


def end_others(*, account_id: UUID, current_key: str | None) -> int:
    """End all sessions of an account but the current one, and tell how many there were."""
    current = digest_of_key(current_key or "")
    return _end(Session.objects.filter(account_id=account_id).exclude(key_digest=current))


def let_go(request: HttpRequest) -> None:
    """Have the browser forget a session that went with its account.

    Neither store is asked: the row is gone, and a step erases what the session held. Whoever has just passed
    the point of no return must learn where to look, also when a database goes away in that moment.
    """
    request.session = SessionStore()


def sweep(*, now: datetime) -> int:
    """Erase sessions that ran out, and contents whose row is gone or never came (Rules A8, P4).

    Returns:
        how many contents went.
    """
    Session.objects.filter(expires_at__lte=now).delete()
    expired = contents.expiring_before(now, is_signed_in=True)
    expired += contents.expiring_before(now, is_signed_in=False)
    return contents.erase_contents(expired) + contents.erase_strays(_without_row(now))


def seen_middleware(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Tell the session from where it is seen, and the request what it came with.

    It stands right after Django's session middleware.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        session = request.session
        if isinstance(session, SessionStore):
            session.whereabouts = whereabouts_of(request)
            came_with(request, session.is_live)
        response = get_response(request)
        if isinstance(session, SessionStore):
            session.touch()
        return response

    return middleware


def whereabouts_of(request: HttpRequest) -> Whereabouts:
    """Read where a request comes from, cut to what is kept."""
    agent = request.headers.get("User-Agent", "")[: 2 * LONGEST_USER_AGENT]
    shown = "".join(character for character in agent if character.isprintable())
    return Whereabouts(
        network_address=request.META.get("REMOTE_ADDR", "")[:LONGEST_NETWORK_ADDRESS],
        user_agent=shown[:LONGEST_USER_AGENT],
    )


def digest_of_session(request: HttpRequest) -> str:
    """Give what may be stored of the key of a request's session."""
    return digest_of_key(request.session.session_key or "")


def _end(rows: QuerySet[Session]) -> int:
    """End sessions, rows first: a kill in between leaves contents that nobody can reach, for the sweep."""
    digests = list(rows.values_list("key_digest", flat=True))
    ended, _ = rows.filter(key_digest__in=digests).delete()
    contents.erase_contents(digests)
    return ended


def _known(row: Session, seen: Whereabouts, current: str) -> KnownSession:
    return KnownSession(
        id=row.key_digest,
        started_at=row.started_at,
        last_seen_at=row.last_seen_at,
        network_address=seen.network_address,
        user_agent=seen.user_agent,
        is_current=row.key_digest == current,
    )


def _without_row(now: datetime) -> set[str]:
    """List contents that are older than the grace period and have no row."""
    old = set(contents.expiring_before(now + SIGNED_IN_IDLE - GRACE, is_signed_in=True))
    old |= set(contents.expiring_before(now + ANONYMOUS_IDLE - GRACE, is_signed_in=False))
    return old - set(Session.objects.values_list("key_digest", flat=True))
