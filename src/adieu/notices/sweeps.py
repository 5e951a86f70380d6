"""What is no longer needed goes by itself (Rule A8)."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import batched
from uuid import UUID

from adieu.notices.models import Notice, NoticeState, RefusalMail
from adieu.notices.operations import REFUSAL_MAIL_EVERY
from adieu.vault import operations as vault
from adieu.vault.models import DevelopmentMail, Mail

SETTLED_LIVES = timedelta(days=7)
DEVELOPMENT_MAIL_LIVES = timedelta(hours=24)
# A mail is written to the vault before its notice is committed. No transaction of ours takes this long.
ORPHAN_AFTER = timedelta(hours=1)
PART = 500


def sweep(*, now: datetime) -> None:
    """Erase settled notices, mails whose notice is settled or was never written, and development mail."""
    Notice.objects.filter(settled_at__lt=now - SETTLED_LIVES).delete()
    RefusalMail.objects.filter(owed_at__lt=now - REFUSAL_MAIL_EVERY).delete()
    _sweep_mail(now)
    DevelopmentMail.objects.filter(received_at__lt=now - DEVELOPMENT_MAIL_LIVES).delete()
    # Also for what a worker erased and was killed before it could do this.
    vault.checkpoint()


def forget_mail(notice_ids: Iterable[UUID]) -> None:
    """Erase mails from the vault, every byte of them (Rule P3)."""
    erased, _ = Mail.objects.filter(notice_id__in=list(notice_ids)).delete()
    if erased:
        vault.checkpoint()


def _sweep_mail(now: datetime) -> None:
    # In parts: after days without a mail server there may be more mails than a statement takes parameters.
    for part in batched(list(Mail.objects.values_list("notice_id", "created_at")), PART, strict=False):
        ages = {notice_id: now - created_at for notice_id, created_at in part}
        states = dict(Notice.objects.filter(id__in=ages).values_list("id", "state"))
        gone = [notice_id for notice_id, age in ages.items() if _is_over(states.get(notice_id), age=age)]
        Mail.objects.filter(notice_id__in=gone).delete()


def _is_over(state: str | None, *, age: timedelta) -> bool:
    return age > ORPHAN_AFTER if state is None else state != NoticeState.OWED
