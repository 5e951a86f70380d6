"""Owe a mail to someone. Handing it over is the worker's work, after the commit."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from adieu.kit import sql
from adieu.notices.composing import Composed, check_heads
from adieu.notices.models import Notice, NoticeState
from adieu.vault.models import Mail

REFUSAL_MAIL_EVERY = timedelta(hours=24)
# Under which names of notices become ids.
ONCE = UUID("6d0f2c1e-7f0a-4c55-9a56-0c7d0d9a2b11")


def owe(
    *,
    kind: str,
    now: datetime,
    give_up_after: timedelta,
    account_id: UUID | None,
    payload: Mapping[str, Any] | None = None,
    once: str = "",
) -> UUID:
    """Owe a notice whose composer writes it when it is handed over.

    Args:
        kind: the name under which `composing.register` knows the composer.
        now: the time it is owed at.
        give_up_after: how long it is worth sending; a code that ran out is not sent late.
        account_id: to whom it is owed, if to an account.
        payload: what the composer needs beyond the account; no personal data (Rule P1).
        once: a name for what is told; under the same name a second one is not owed (Rule D8).
    """
    notice = Notice(kind=kind, account_id=account_id, payload=dict(payload or {}))
    if once:
        notice.id = uuid5(ONCE, f"{kind} {once}")
    return _write(notice, now=now, give_up_after=give_up_after)


def owe_mail(
    *,
    kind: str,
    address: str,
    subject: str,
    text: str,
    html: str,
    now: datetime,
    give_up_after: timedelta,
    account_id: UUID | None = None,
) -> UUID:
    """Owe a mail that is already written. Until it is handed over it stands in the vault.

    Raises:
        UnfitForMail: the address or the subject does not fit into the head of a mail; nothing is stored.
    """
    check_heads(Composed(address=address, subject=subject, text=text, html=html))
    notice = Notice(kind=kind, account_id=account_id)
    # Rule P4: the vault first. If the caller's transaction ends without the row, the sweep takes this one.
    Mail.objects.create(
        notice_id=notice.id,
        account_id=account_id,
        address=address,
        subject=subject,
        text=text,
        html=html,
        created_at=now,
    )
    return _write(notice, now=now, give_up_after=give_up_after)


def drop(*, account_id: UUID, now: datetime) -> None:
    """End everything that is owed to an account, in one statement and in the caller's transaction."""
    sql.run(
        "UPDATE notices_notice SET state = %s, settled_at = %s, leased_until_at = NULL"
        " WHERE account_id = %s AND state = %s",
        [NoticeState.GIVEN_UP.value, now, account_id, NoticeState.OWED.value],
    )


def take_refusal_mail(*, address_key: str, now: datetime) -> bool:
    """Take today's one mail that tells a mailbox why its address is refused (Rule C5).

    Returns:
        Whether it may be sent: of many callers at once, one gets it.
    """
    # One statement, so the row count decides: no two sign-ups at once can both send.
    taken = sql.run(
        """
        INSERT INTO notices_refusalmail (address_key, owed_at) VALUES (%s, %s)
        ON CONFLICT (address_key) DO UPDATE SET owed_at = excluded.owed_at
        WHERE notices_refusalmail.owed_at <= %s
        """,
        [address_key, now, now - REFUSAL_MAIL_EVERY],
    )
    return taken == 1


def _write(notice: Notice, *, now: datetime, give_up_after: timedelta) -> UUID:
    notice.owed_at = notice.next_attempt_at = now
    notice.give_up_at = now + give_up_after
    # Only a notice that is owed under a name can be there already.
    Notice.objects.bulk_create([notice], ignore_conflicts=True)
    return notice.id
