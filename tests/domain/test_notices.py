"""Mail that is owed is handed over once, and loses nothing when the server is away."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier
from uuid import UUID, uuid4

import pytest
from django.db import connections

from adieu.notices import composing
from adieu.notices.composing import Composed, NothingToSay, OwedNotice, UnfitForMail
from adieu.notices.delivery import LEASE, LONGEST_WAIT, deliver_due
from adieu.notices.models import Notice, NoticeState, RefusalMail
from adieu.notices.operations import owe, owe_mail, take_refusal_mail
from adieu.notices.queries import is_settled, state_of
from adieu.vault.models import Mail
from tests.support.smtp import Mode, SmtpServer, mailer_for

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

ALICE = "alice@example.org"
BOB = "bob@example.org"
FIVE_DAYS = timedelta(days=5)


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    with SmtpServer() as server:
        yield server


@pytest.fixture
def registered() -> Iterator[Callable[[str, composing.Composer], None]]:
    """Registers composers for one test."""
    before = dict(composing._composers)
    yield composing.register
    composing._composers.clear()
    composing._composers.update(before)


def owe_to(
    address: str, now: datetime, *, subject: str = "Hello", give_up_after: timedelta = FIVE_DAYS
) -> UUID:
    return owe_mail(
        kind="test.greeting",
        address=address,
        subject=subject,
        text="Good day.\n",
        html="<p>Good day.</p>",
        now=now,
        give_up_after=give_up_after,
    )


def deliver(server: SmtpServer, now: datetime, random: float = 1.0) -> int:
    return deliver_due(now=now, mailer=mailer_for(server), random=lambda: random)


def test_a_mail_is_handed_over_once_and_leaves_the_vault(server: SmtpServer, now: datetime) -> None:
    notice_id = owe_to(ALICE, now)

    assert deliver(server, now) == 1
    assert deliver(server, now + timedelta(days=1)) == 0

    (mail,) = server.messages
    assert mail.address == ALICE
    assert state_of(notice_id) == NoticeState.DELIVERED
    assert not Mail.objects.exists()


def test_a_mail_is_multipart_and_says_that_a_machine_wrote_it(server: SmtpServer, now: datetime) -> None:
    notice_id = owe_to(ALICE, now, subject="Grüße")
    deliver(server, now)

    (mail,) = server.messages
    assert mail.message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in mail.message.iter_parts()] == ["text/plain", "text/html"]
    assert mail.text == "Good day.\n"
    assert "<p>Good day.</p>" in mail.html
    assert mail.subject == "Grüße"
    assert mail.message["Auto-Submitted"] == "auto-generated"
    assert mail.message["From"] == "Adieu <adieu@localhost>"
    assert mail.message["Message-ID"] == f"<{notice_id}@127.0.0.1>"
    assert abs(mail.message["Date"].datetime - now) < timedelta(seconds=10)


def test_one_connection_carries_a_batch(server: SmtpServer, now: datetime) -> None:
    for number in range(5):
        owe_to(f"alice{number}@example.org", now)

    assert deliver(server, now) == 5
    assert {mail.connection for mail in server.messages} == {1}


def test_a_server_that_is_down_delays_mail_and_loses_none(server: SmtpServer, now: datetime) -> None:
    server.set_mode(Mode.DOWN)
    notices = [owe_to(address, now) for address in (ALICE, BOB)]

    assert deliver(server, now) == 0
    assert deliver(server, now) == 0
    assert not any(is_settled(notice_id) for notice_id in notices)
    # Both wait now, and the second round asked nobody.
    assert {notice.attempts for notice in Notice.objects.all()} == {1}

    server.set_mode(Mode.ACCEPT)
    assert deliver(server, now + timedelta(minutes=1)) == 2
    assert sorted(mail.address for mail in server.messages) == [ALICE, BOB]


def test_a_second_try_has_the_same_message_id(server: SmtpServer, now: datetime) -> None:
    notice_id = owe_to(ALICE, now)
    server.set_mode(Mode.TEMPORARY)
    assert deliver(server, now) == 0
    assert not is_settled(notice_id)
    server.set_mode(Mode.ACCEPT)
    assert deliver(server, now + timedelta(minutes=1)) == 1

    # As after a kill between the server's acceptance and our commit (Rule D8).
    Notice.objects.update(state=NoticeState.OWED, settled_at=None)
    Mail.objects.create(
        notice_id=notice_id, address=ALICE, subject="Hello", text="a", html="a", created_at=now
    )
    assert deliver(server, now + timedelta(minutes=2)) == 1

    first, second = server.messages
    assert first.message["Message-ID"] == second.message["Message-ID"] == f"<{notice_id}@127.0.0.1>"


def test_retries_wait_longer_each_time_up_to_a_limit_and_never_all_at_once(
    server: SmtpServer, now: datetime
) -> None:
    server.set_mode(Mode.TEMPORARY)
    notice_id = owe_to(ALICE, now)
    waits = []
    at = now
    for _ in range(12):
        deliver(server, at)
        due_at = Notice.objects.get(id=notice_id).next_attempt_at
        waits.append(round((due_at - at).total_seconds()))
        at = due_at
    longest = LONGEST_WAIT.total_seconds()
    assert waits == [2, 4, 8, 16, 32, 64, 128, 256, 512, longest, longest, longest]

    deliver(server, at, random=0.0)
    shortest = Notice.objects.get(id=notice_id).next_attempt_at - at
    assert round(shortest.total_seconds()) == longest / 2


def test_a_recipient_who_is_refused_for_good_is_not_tried_again(server: SmtpServer, now: datetime) -> None:
    server.set_mode(Mode.REFUSE_RECIPIENT)
    notice_id = owe_to(ALICE, now)

    assert deliver(server, now) == 0
    assert deliver(server, now + timedelta(days=1)) == 0

    assert state_of(notice_id) == NoticeState.REFUSED
    assert server.tries == 1
    assert not Mail.objects.exists()


def test_one_refused_recipient_does_not_keep_mail_from_others(server: SmtpServer, now: datetime) -> None:
    server.refused.add(ALICE)
    refused = owe_to(ALICE, now - timedelta(seconds=1))
    delivered = owe_to(BOB, now)

    assert deliver(server, now) == 1
    assert (state_of(refused), state_of(delivered)) == (NoticeState.REFUSED, NoticeState.DELIVERED)
    # What the server thinks of a connection after an error is unknown: the next mail gets a fresh one.
    assert server.connections == 2


def test_a_mail_is_given_up_after_its_time(server: SmtpServer, now: datetime) -> None:
    server.set_mode(Mode.DOWN)
    notice_id = owe_to(ALICE, now)
    deliver(server, now)
    deliver(server, now + FIVE_DAYS - timedelta(minutes=20))
    assert not is_settled(notice_id)

    # The server is still away: giving up does not need it.
    deliver(server, now + FIVE_DAYS)
    assert state_of(notice_id) == NoticeState.GIVEN_UP
    assert not Mail.objects.exists()


def test_a_code_that_ran_out_is_not_sent_late(server: SmtpServer, now: datetime) -> None:
    notice_id = owe_to(ALICE, now, give_up_after=timedelta(minutes=10))

    assert deliver(server, now + timedelta(minutes=10)) == 0
    assert state_of(notice_id) == NoticeState.GIVEN_UP
    assert server.messages == []


def test_two_workers_at_once_send_one_copy_each(server: SmtpServer, now: datetime) -> None:
    for number in range(10):
        owe_to(f"alice{number}@example.org", now)

    accepted = at_once(4, lambda: deliver(server, now))

    assert sum(accepted) == 10
    assert len({mail.address for mail in server.messages}) == len(server.messages) == 10


def test_a_notice_in_another_workers_hands_is_left_alone_until_its_lease_ends(
    server: SmtpServer, now: datetime
) -> None:
    owe_to(ALICE, now)
    Notice.objects.update(leased_until_at=now + LEASE, attempts=1)

    assert deliver(server, now + LEASE / 2) == 0
    assert deliver(server, now + LEASE * 2) == 1


def test_a_composer_writes_a_notice_when_it_is_handed_over(
    server: SmtpServer, now: datetime, registered: Callable[[str, composing.Composer], None]
) -> None:
    registered(
        "test.code", lambda notice: Composed(ALICE, "Your code", f"{notice.payload['number']}", "<p></p>")
    )
    owe(kind="test.code", now=now, give_up_after=FIVE_DAYS, account_id=uuid4(), payload={"number": 7})

    assert not Mail.objects.exists()
    assert deliver(server, now) == 1
    assert server.messages[0].text == "7\n"


def test_a_notice_with_nothing_to_say_is_dropped(
    server: SmtpServer, now: datetime, registered: Callable[[str, composing.Composer], None]
) -> None:
    def compose(_notice: OwedNotice) -> Composed:
        raise NothingToSay

    registered("test.nothing", compose)
    nothing = owe(kind="test.nothing", now=now, give_up_after=FIVE_DAYS, account_id=uuid4())
    # Nobody registered this one, and the vault holds nothing for it: the account is gone.
    unknown = owe(kind="test.unknown", now=now, give_up_after=FIVE_DAYS, account_id=uuid4())

    assert deliver(server, now) == 0
    assert state_of(nothing) == state_of(unknown) == NoticeState.GIVEN_UP


def test_a_notice_that_cannot_be_written_is_tried_again_and_stops_no_other(
    server: SmtpServer, now: datetime, registered: Callable[[str, composing.Composer], None]
) -> None:
    def compose(_notice: OwedNotice) -> Composed:
        raise RuntimeError

    registered("test.broken", compose)
    broken = owe(kind="test.broken", now=now, give_up_after=FIVE_DAYS, account_id=uuid4())
    owe_to(BOB, now + timedelta(microseconds=1))

    assert deliver(server, now + timedelta(seconds=1)) == 1
    assert not is_settled(broken)


@pytest.mark.parametrize("separator", ["\n", "\r", "\r\n", "\0", "\x0b", "\x85", "\u2028", "\ud800"])
def test_nothing_can_be_smuggled_into_the_head_of_a_mail(now: datetime, separator: str) -> None:
    smuggled = f"Hello{separator}Bcc: charlie@example.org"
    for address, subject in ((ALICE, smuggled), (f"alice{separator}@example.org", "Hello")):
        with pytest.raises(UnfitForMail) as refusal:
            owe_to(address, now, subject=subject)
        assert str(refusal.value) == "The address or the subject does not fit into the head of a mail."
    assert not Mail.objects.exists()
    assert not Notice.objects.exists()


@pytest.mark.parametrize("address", ["", "@", "alice", "alice@", "@example.org", "a" * 243 + "@example.org"])
def test_what_is_no_address_is_refused(now: datetime, address: str) -> None:
    with pytest.raises(UnfitForMail):
        owe_to(address, now)


def test_two_addresses_are_not_one(server: SmtpServer, now: datetime) -> None:
    notice_id = owe_to("alice@example.org, charlie@example.org", now)
    assert deliver(server, now) == 0
    assert state_of(notice_id) == NoticeState.REFUSED


def test_a_domain_beyond_ascii_goes_out_as_its_a_label(server: SmtpServer, now: datetime) -> None:
    # The older rules (IDNA 2003) would send this to strasse.example, somebody else's.
    owe_to("alice@Straße.example", now)
    assert deliver(server, now) == 1
    assert server.messages[0].address == "alice@xn--strae-oqa.example"


def test_a_local_part_beyond_ascii_goes_out_when_the_server_takes_it(
    server: SmtpServer, now: datetime
) -> None:
    owe_to("älice@bücher.example", now)
    assert deliver(server, now) == 1
    assert server.messages[0].address == "älice@xn--bcher-kva.example"
    assert server.messages[0].text == "Good day.\n"


def test_a_local_part_beyond_ascii_is_refused_for_good_when_the_server_does_not(now: datetime) -> None:
    with SmtpServer(has_smtputf8=False) as server:
        notice_id = owe_to("älice@example.org", now)
        owe_to(BOB, now)
        assert deliver(server, now) == 1
    assert state_of(notice_id) == NoticeState.REFUSED


def test_of_many_refusal_mails_at_once_one_is_sent_a_day(now: datetime) -> None:
    def take(at: datetime) -> bool:
        return take_refusal_mail(address_key="a" * 64, now=at)

    assert sum(at_once(20, lambda: take(now))) == 1
    assert not take(now + timedelta(hours=23, minutes=59))
    assert sum(at_once(20, lambda: take(now + timedelta(hours=24)))) == 1
    assert take_refusal_mail(address_key="b" * 64, now=now)
    assert RefusalMail.objects.count() == 2


def at_once[T](count: int, work: Callable[[], T]) -> list[T]:
    """Do the same in many threads that start together."""
    barrier = Barrier(count)

    def run() -> T:
        try:
            barrier.wait()
            return work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as pool:
        return [each.result() for each in [pool.submit(run) for _ in range(count)]]
