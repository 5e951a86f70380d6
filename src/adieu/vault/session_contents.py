"""What sessions hold, and from where they were seen (Rules A8, P1)."""

import json
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import batched
from uuid import UUID

from adieu.core.canonical import NotAnAddress, canonical_email
from adieu.kit import sql
from adieu.kit.transactions import transaction
from adieu.vault.checkpoints import owe_compaction
from adieu.vault.models import Entry, SessionData
from adieu.vault.router import VAULT

BATCH = 500


@dataclass(frozen=True)
class Whereabouts:
    """The network address and the browser that a session was last seen with."""

    network_address: str = ""
    user_agent: str = ""


@dataclass(frozen=True)
class SessionContent:
    """All that the vault keeps of a session."""

    key_digest: str
    account_id: UUID | None
    content: str
    whereabouts: Whereabouts
    expires_at: datetime


def add(session: SessionContent) -> bool:
    """Keep a new session's content, and tell whether its key was free."""
    added = sql.run(
        "INSERT INTO vault_sessiondata"
        " (key_digest, account_id, content, network_address, user_agent, expires_at)"
        " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (key_digest) DO NOTHING",
        [
            session.key_digest,
            session.account_id,
            session.content,
            session.whereabouts.network_address,
            session.whereabouts.user_agent,
            session.expires_at,
        ],
        using=VAULT,
    )
    return added == 1


def replace(session: SessionContent) -> None:
    """Keep a session's content in place of what it held."""
    SessionData.objects.bulk_create(
        [_row(session)],
        update_conflicts=True,
        unique_fields=["key_digest"],
        update_fields=["account_id", "content", "network_address", "user_agent", "expires_at"],
    )


def note_seen(*, key_digest: str, whereabouts: Whereabouts, expires_at: datetime) -> None:
    """Note where a session was last seen."""
    SessionData.objects.filter(key_digest=key_digest).update(
        network_address=whereabouts.network_address,
        user_agent=whereabouts.user_agent,
        expires_at=expires_at,
    )


def read_content(*, key_digest: str) -> str | None:
    """Read what a session holds; None when it is not there."""
    return SessionData.objects.filter(key_digest=key_digest).values_list("content", flat=True).first()


def read_whereabouts(key_digests: Collection[str]) -> dict[str, Whereabouts]:
    """Read in one query where sessions were last seen."""
    rows = SessionData.objects.filter(key_digest__in=key_digests)
    return {row.key_digest: Whereabouts(row.network_address, row.user_agent) for row in rows}


def erase_contents(key_digests: Iterable[str]) -> int:
    """Erase what sessions held, and tell how many there were."""
    batches = batched(key_digests, BATCH, strict=False)
    return sum(SessionData.objects.filter(key_digest__in=batch).delete()[0] for batch in batches)


@transaction(using=VAULT)
def erase_strays(key_digests: Iterable[str]) -> int:
    """Erase contents whose session is gone, perhaps with its account, and tell how many there were."""
    erased = erase_contents(key_digests)
    if erased:
        owe_compaction()
    return erased


@transaction(using=VAULT)
def erase_contents_of(*, account_id: UUID) -> None:
    """Erase what an account's sessions held, and what pending flows of nobody's hold about it.

    A sign-in or password reset that waits for its code keeps the account's id and address in a session
    that is not the account's yet. It is found as long as the entry has the address.
    """
    address = Entry.objects.filter(account_id=account_id).values_list("address", flat=True).first()
    # Nobody's sessions live 15 minutes, so there are few.
    nobodys = SessionData.objects.filter(account_id=None).values_list("key_digest", "content")
    pending = [digest for digest, content in nobodys if _is_about(content, account_id, address)]
    theirs = SessionData.objects.filter(account_id=account_id).values_list("key_digest", flat=True)
    if erase_contents([*theirs, *pending]):
        owe_compaction()


def _is_about(content: str, account_id: UUID, address: str | None) -> bool:
    if str(account_id) in content or account_id.hex in content:
        return True
    # Whatever looks like an address is compared in its canonical form: it may be typed in another spelling.
    words = re.findall(r'[^\s"\\]+@[^\s"\\]+', _unescaped(content)) if address else []
    return any(_is_same_mailbox(word, str(address)) for word in words)


def _unescaped(content: str) -> str:
    return json.dumps(json.loads(content), ensure_ascii=False)


def _is_same_mailbox(word: str, address: str) -> bool:
    try:
        return canonical_email(word) == canonical_email(address)
    except NotAnAddress:
        return False


def expiring_before(moment: datetime, *, is_signed_in: bool) -> list[str]:
    """List the digests of contents that run out before a moment."""
    rows = SessionData.objects.filter(expires_at__lt=moment, account_id__isnull=not is_signed_in)
    return list(rows.values_list("key_digest", flat=True))


def _row(session: SessionContent) -> SessionData:
    return SessionData(
        key_digest=session.key_digest,
        account_id=session.account_id,
        content=session.content,
        network_address=session.whereabouts.network_address,
        user_agent=session.whereabouts.user_agent,
        expires_at=session.expires_at,
    )
