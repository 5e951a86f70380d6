"""What was handed over, ended or forgotten leaves no byte behind."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.core.mail import EmailMessage

from adieu.core.keeping import Step
from adieu.notices.delivery import deliver_due
from adieu.notices.keeper import ERASE_MAIL, NoticesKeeper
from adieu.notices.models import Notice, NoticeState, RefusalMail
from adieu.notices.operations import owe_mail, take_refusal_mail
from adieu.notices.queries import is_settled, state_of
from adieu.notices.smtp import SmtpMailer
from adieu.notices.sweeps import sweep
from adieu.vault.models import Mail
from adieu.vault.operations import checkpoint
from tests.support.smtp import Mode, SmtpServer, mailer_for
from tests.support.stepping import do_step
from tests.support.vault_files import bytes_of, do_daily_compaction

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

FIVE_DAYS = timedelta(days=5)


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    with SmtpServer() as server:
        yield server


def owe_to(address: str, now: datetime, *, account_id: UUID | None = None, mark: str = "a") -> UUID:
    return owe_mail(
        kind="test.greeting",
        address=address,
        subject=f"Subject {mark}",
        text=f"Text {mark}",
        html=f"<p>{mark}</p>",
        now=now,
        give_up_after=FIVE_DAYS,
        account_id=account_id,
    )


@pytest.mark.parametrize("mode", [Mode.ACCEPT, Mode.REFUSE_RECIPIENT])
def test_no_byte_of_a_mail_is_left_once_it_is_settled(server: SmtpServer, now: datetime, mode: Mode) -> None:
    token = f"marked{uuid4().hex}"
    server.set_mode(mode)
    notice_id = owe_to(f"{token}@example.org", now, mark=token)
    checkpoint()
    # Rule P1: while it waits it stands in the vault, and nowhere else.
    assert token.encode() in bytes_of("vault")

    deliver_due(now=now, mailer=mailer_for(server))

    assert is_settled(notice_id)
    do_daily_compaction()
    assert token.encode() not in bytes_of("vault")
    assert token.encode() not in bytes_of("default")


def test_the_log_tells_nobody(server: SmtpServer, now: datetime, capfd: pytest.CaptureFixture[str]) -> None:
    for mode in (Mode.TEMPORARY, Mode.REFUSE_RECIPIENT, Mode.DOWN, Mode.ACCEPT):
        server.set_mode(mode)
        owe_to("marked.alice@example.org", now, mark="marked.subject")
        deliver_due(now=now + timedelta(days=1), mailer=mailer_for(server))

    _, log = capfd.readouterr()
    assert all(event in log for event in ("notice.temporary", "notice.refused", "mail_server.unreachable"))
    assert "SMTPRecipientsRefused" in log
    assert "marked" not in log
    assert "example.org" not in log


def test_the_sweep_erases_settled_notices_after_a_week(server: SmtpServer, now: datetime) -> None:
    delivered = owe_to("alice@example.org", now)
    deliver_due(now=now, mailer=mailer_for(server))
    owed = owe_to("bob@example.org", now)

    sweep(now=now + timedelta(days=6))
    assert state_of(delivered) == NoticeState.DELIVERED
    sweep(now=now + timedelta(days=8))
    assert state_of(delivered) is None
    assert is_settled(delivered)
    assert not is_settled(owed)
    assert Mail.objects.get().notice_id == owed


def test_the_sweep_erases_mail_that_nobody_owes(now: datetime) -> None:
    token = f"marked{uuid4().hex}"
    never_committed = owe_to(f"{token}@example.org", now)
    Notice.objects.filter(id=never_committed).delete()
    # The worker was killed after it wrote what became of it.
    settled = owe_to(f"{token}@example.org", now)
    Notice.objects.filter(id=settled).update(state=NoticeState.DELIVERED, settled_at=now)

    # The first one could still be on its way through a transaction.
    sweep(now=now + timedelta(minutes=59))
    assert [mail.notice_id for mail in Mail.objects.all()] == [never_committed]
    sweep(now=now + timedelta(minutes=61))
    assert not Mail.objects.exists()
    do_daily_compaction()
    assert token.encode() not in bytes_of("vault")


def test_the_sweep_erases_yesterdays_refusal_mails(now: datetime) -> None:
    take_refusal_mail(address_key="a" * 64, now=now)
    sweep(now=now + timedelta(hours=23))
    assert RefusalMail.objects.exists()
    sweep(now=now + timedelta(hours=25))
    assert not RefusalMail.objects.exists()


def test_the_keeper_ends_what_is_owed_to_a_person_and_erases_it(server: SmtpServer, now: datetime) -> None:
    alice, bob = uuid4(), uuid4()
    token = f"marked{uuid4().hex}"
    owe_to(f"{token}@example.org", now, account_id=alice)
    owe_to("bob@example.org", now, account_id=bob)
    keeper = NoticesKeeper()
    assert keeper.residue(account_id=alice)

    keeper.erase_now(account_id=alice, now=now)
    (spec,) = keeper.steps(account_id=alice)
    step = Step(name=spec.name, account_id=alice, deletion_id=uuid4(), payload=spec.payload)
    assert step.name == ERASE_MAIL
    for _ in range(2):
        do_step(keeper, step, now)

    assert keeper.residue(account_id=alice) == []
    assert token.encode() not in bytes_of("vault")
    assert deliver_due(now=now, mailer=mailer_for(server)) == 1
    assert [mail.address for mail in server.messages] == ["bob@example.org"]


def test_the_keeper_leaves_what_is_owed_after_the_deletion(server: SmtpServer, now: datetime) -> None:
    alice = uuid4()
    keeper = NoticesKeeper()
    keeper.erase_now(account_id=alice, now=now)
    owe_to("alice@example.org", now, account_id=alice)
    keeper.run(step=Step(name=ERASE_MAIL, account_id=alice, deletion_id=uuid4(), payload={}), now=now)
    assert deliver_due(now=now, mailer=mailer_for(server)) == 1


def test_a_mail_that_is_dropped_while_it_is_handed_over_stays_dropped(
    server: SmtpServer, now: datetime
) -> None:
    """Whoever drops it was first; the worker that comes back writes nothing over it."""
    alice = uuid4()
    notice_id = owe_to("alice@example.org", now, account_id=alice)

    class DroppingMailer(SmtpMailer):
        def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
            NoticesKeeper().erase_now(account_id=alice, now=now)
            return super().send_messages(email_messages)

    mailer = DroppingMailer(alias="default", host="127.0.0.1", port=server.port)
    deliver_due(now=now, mailer=mailer)
    assert state_of(notice_id) == NoticeState.GIVEN_UP
    assert not Mail.objects.exists()


def test_a_worker_that_comes_back_late_takes_nothing_from_the_next_one(
    server: SmtpServer, now: datetime
) -> None:
    """Its lease ran out while the server kept it waiting, and another worker has the notice."""
    notice_id = owe_to("alice@example.org", now)
    server.set_mode(Mode.TEMPORARY)
    others_lease = now + timedelta(hours=1)

    class SlowMailer(SmtpMailer):
        def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
            Notice.objects.filter(id=notice_id).update(attempts=2, leased_until_at=others_lease)
            return super().send_messages(email_messages)

    deliver_due(now=now, mailer=SlowMailer(alias="default", host="127.0.0.1", port=server.port))

    notice = Notice.objects.get(id=notice_id)
    assert (notice.attempts, notice.leased_until_at) == (2, others_lease)
