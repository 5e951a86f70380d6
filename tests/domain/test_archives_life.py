"""The archive of a person's data: how it is asked for, built, kept and erased."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from django.core import mail
from django.db import OperationalError, connections

from adieu.accounts.addresses import AccountGone
from adieu.archives import operations
from adieu.archives.building import build_due, problem_of
from adieu.archives.operations import ArchiveNotFound, ArchiveNotReady
from adieu.core.keeping import LeaseLost
from adieu.deletion.models import ErasureStep
from adieu.kit.crashing import installed
from adieu.kit.limits import LimitReached
from adieu.tenancy.queries import organizations_of
from adieu.vault import archives as store
from adieu.vault.models import Archive, ArchivePart, ArchiveProblem, ArchiveState, Compaction
from tests.support.archives import archive_of, build, fetch
from tests.support.chronicle import fill
from tests.support.people import ask_to_leave, confirm, join, leave, settle, work

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

ALICE, BOB = "alice@example.org", "bob@example.org"
SECOND = timedelta(seconds=1)


@pytest.fixture
def alice(now: datetime) -> UUID:
    return join(ALICE, now)


def state_of(account_id: UUID, now: datetime) -> ArchiveState | None:
    progress = operations.progress(account_id=account_id, now=now)
    return progress.state if progress else None


def test_one_that_is_erased_before_its_first_part_breaks_off(now: datetime, alice: UUID) -> None:
    """Else an empty file would look like a whole one."""
    archive_of(alice, now)
    size, parts = operations.content(account_id=alice, archive_id=Archive.objects.get().id, now=now)
    store.erase(account_id=alice)
    assert size
    with pytest.raises(store.ArchiveGone):
        list(parts)


def test_it_lives_for_an_hour(now: datetime, alice: UUID) -> None:
    archive_of(alice, now)
    last = now + store.LIVES - SECOND
    assert fetch(alice, last).json
    assert store.sweep(now=last) == 0
    found_id = Archive.objects.get().id
    for moment in (now + store.LIVES, now + store.LIVES + timedelta(days=1)):
        assert operations.progress(account_id=alice, now=moment) is None
        with pytest.raises(ArchiveNotFound):
            operations.content(account_id=alice, archive_id=found_id, now=moment)
    assert ArchivePart.objects.exists()
    before = Compaction.objects.get().owed if Compaction.objects.exists() else 0
    assert store.sweep(now=now + store.LIVES) == 1
    assert not Archive.objects.exists()
    assert not ArchivePart.objects.exists()
    assert Compaction.objects.get().owed == before + 1


def test_a_new_one_takes_the_place_of_the_old(now: datetime, alice: UUID) -> None:
    archive_of(alice, now)
    old = Archive.objects.get().id
    archive_of(alice, now + SECOND)
    new = Archive.objects.get()
    assert old != new.id
    assert set(ArchivePart.objects.values_list("archive_id", flat=True)) == {new.id}
    with pytest.raises(ArchiveNotFound):
        operations.content(account_id=alice, archive_id=old, now=now)


def test_the_old_one_is_gone_as_soon_as_a_new_one_is_asked_for(now: datetime, alice: UUID) -> None:
    archive_of(alice, now)
    operations.ask(account_id=alice, now=now)
    assert not ArchivePart.objects.exists()
    assert state_of(alice, now) == ArchiveState.WAITING


def test_one_that_is_under_way_is_not_begun_anew(now: datetime, alice: UUID) -> None:
    first = operations.ask(account_id=alice, now=now)
    assert operations.ask(account_id=alice, now=now) == first
    with pytest.raises(ArchiveNotReady):
        operations.content(account_id=alice, archive_id=first.id, now=now)
    work(now)
    assert [message.subject for message in mail.outbox] == ["An archive of your data was asked for"]


def test_it_is_built_a_few_times_a_day_at_most(now: datetime, alice: UUID) -> None:
    for _ in range(operations.MOST_ASKS):
        archive_of(alice, now)
    with pytest.raises(LimitReached):
        operations.ask(account_id=alice, now=now)
    # What was refused takes nothing away.
    assert fetch(alice, now).json
    archive_of(alice, now + operations.ASKS_PER)


def test_it_is_nobody_elses(now: datetime, alice: UUID) -> None:
    bob = join(BOB, now)
    archive_of(alice, now)
    found_id = Archive.objects.get().id
    archive_of(bob, now)
    for archive_id in (found_id, uuid4()):
        with pytest.raises(ArchiveNotFound):
            operations.content(account_id=bob, archive_id=archive_id, now=now)


def test_whoever_leaves_takes_the_archive_along(now: datetime, alice: UUID) -> None:
    archive_of(alice, now)
    leave(alice, ALICE, now)
    work(now)
    assert not Archive.objects.exists()
    assert not ArchivePart.objects.exists()


def test_whoever_never_asked_has_no_such_step(now: datetime, alice: UUID) -> None:
    leave(alice, ALICE, now)
    assert not ErasureStep.objects.filter(name="erase_archive").exists()


def test_a_worker_that_wakes_up_after_the_deletion_writes_nothing(now: datetime, alice: UUID) -> None:
    """The account goes, with every step, while its archive is being written."""
    settle(alice, now)
    code = ask_to_leave(alice, ALICE, now)
    operations.ask(account_id=alice, now=now)
    gone: list[bool] = []

    def go(point: str) -> None:
        if point == "archive.table_begun" and not gone:
            gone.append(True)
            confirm(alice, code, now)
            work(now)

    with installed(go):
        assert build(now) == 0
    assert gone
    assert not Archive.objects.exists()
    assert not ArchivePart.objects.exists()


def test_nobody_who_is_gone_can_ask(now: datetime, alice: UUID) -> None:
    leave(alice, ALICE, now)
    with pytest.raises(AccountGone):
        operations.ask(account_id=alice, now=now)
    assert not Archive.objects.exists()


def test_whoever_goes_in_the_middle_of_asking_leaves_nothing(now: datetime, alice: UUID) -> None:
    settle(alice, now)
    code = ask_to_leave(alice, ALICE, now)

    def go(point: str) -> None:
        if point == "archive.told":
            confirm(alice, code, now)
            work(now)

    with installed(go), pytest.raises(AccountGone):
        operations.ask(account_id=alice, now=now)
    assert not Archive.objects.exists()


def test_a_vault_from_a_copy_builds_nothing_for_somebody_who_is_gone(now: datetime, alice: UUID) -> None:
    leave(alice, ALICE, now)
    work(now)
    store.put(account_id=alice, now=now)
    assert build(now) == 0
    assert not Archive.objects.exists()


def test_a_worker_that_was_killed_is_followed_by_another(now: datetime, alice: UUID) -> None:
    operations.ask(account_id=alice, now=now)
    slow = store.claim(now=now)
    assert slow
    store.note_progress(slow, done=0, total=3, now=now)
    store.add_part(slow, number=0, content=b"half of it", now=now)
    assert build(now + store.LEASE - SECOND) == 0
    other = store.claim(now=now + store.LEASE)
    assert other
    late_acts: list[Callable[[], object]] = [
        lambda: store.add_part(slow, number=1, content=b"the rest", now=now),
        lambda: store.note_progress(slow, done=3, total=3, now=now),
        lambda: store.finish(slow, now=now),
        lambda: store.give_back(slow, now=now),
        lambda: store.fail(slow, ArchiveProblem.OTHER, now=now, wait=SECOND),
    ]
    for late in late_acts:
        with pytest.raises(LeaseLost):
            late()
    store.give_back(other, now=now + store.LEASE)
    assert build(now + store.LEASE) == 1
    for late in late_acts:
        with pytest.raises(LeaseLost):
            late()
    assert "half of it" not in fetch(alice, now + store.LEASE).text


def test_a_worker_that_is_told_to_end_gives_it_back(now: datetime, alice: UUID) -> None:
    operations.ask(account_id=alice, now=now)
    begun: list[str] = []

    def begin(point: str) -> None:
        begun.append(point)

    with installed(begin):
        built = build_due(
            now=lambda: now, random=lambda: 0.0, may_go_on=lambda: "archive.claimed" not in begun
        )
    assert built == 0
    assert state_of(alice, now) == ArchiveState.WAITING
    assert Archive.objects.get().failures == 0
    assert build(now) == 1


def test_one_that_cannot_be_built_is_tried_again_and_then_said(now: datetime, alice: UUID) -> None:
    operations.ask(account_id=alice, now=now)

    def stumble(point: str) -> None:
        if point == "archive.part_written":
            raise OSError

    with installed(stumble):
        for tries in range(1, store.MOST_FAILURES + 1):
            assert build(now + tries * timedelta(minutes=1)) == 0
            assert not ArchivePart.objects.exists()
    later = now + timedelta(hours=1)
    progress = operations.progress(account_id=alice, now=later)
    assert progress
    assert (progress.state, progress.problem) == (ArchiveState.FAILED, ArchiveProblem.OTHER)
    with pytest.raises(ArchiveNotFound):
        operations.content(account_id=alice, archive_id=progress.id, now=later)
    assert build(later) == 0
    assert archive_of(alice, later).json


def test_one_that_ends_its_worker_each_time_does_not_do_so_for_ever(now: datetime, alice: UUID) -> None:
    operations.ask(account_id=alice, now=now)
    for tries in range(store.MOST_FAILURES):
        assert store.claim(now=now + tries * store.LEASE)
    assert build(now + store.MOST_FAILURES * store.LEASE) == 0
    assert state_of(alice, now) == ArchiveState.FAILED
    assert store.sweep(now=now + store.FAILED_LIVES * 2) == 1


@pytest.mark.only_on("sqlite")
def test_a_full_disk_is_told(now: datetime, alice: UUID) -> None:
    alice_logs_much(alice, now)
    operations.ask(account_id=alice, now=now)
    with a_full_disk():
        for tries in range(store.MOST_FAILURES):
            assert build(now + tries * timedelta(minutes=1)) == 0
    progress = operations.progress(account_id=alice, now=now)
    assert progress
    assert progress.problem == ArchiveProblem.DISK_FULL
    assert not ArchivePart.objects.exists()
    assert archive_of(alice, now + timedelta(hours=1)).json


def alice_logs_much(alice: UUID, now: datetime) -> None:
    fill(organizations_of(account_id=alice)[0].id, [alice], now, count=2_000, things=5)


class a_full_disk:  # noqa: N801 - reads as a context
    """Lets the vault's file grow by little only."""

    def __enter__(self) -> None:
        with connections["vault"].cursor() as cursor:
            self.before = cursor.execute("PRAGMA max_page_count").fetchone()[0]
            pages = cursor.execute("PRAGMA page_count").fetchone()[0]
            cursor.execute(f"PRAGMA max_page_count = {pages + 30}")

    def __exit__(self, *_: object) -> None:
        with connections["vault"].cursor() as cursor:
            cursor.execute(f"PRAGMA max_page_count = {self.before}")


@pytest.mark.only_on("postgresql")
def test_a_full_disk_of_a_server_is_known() -> None:
    with pytest.raises(OperationalError) as raised, connections["vault"].cursor() as cursor:
        cursor.execute("DO $$ BEGIN RAISE EXCEPTION 'no room' USING ERRCODE = 'disk_full'; END $$")
    assert problem_of(raised.value) == ArchiveProblem.DISK_FULL


def test_the_mail_says_that_it_was_asked_for_and_holds_no_link_to_it(now: datetime, alice: UUID) -> None:
    operations.ask(account_id=alice, now=now)
    work(now)
    (message,) = mail.outbox
    links = re.findall(r"https?://\S+", str(message.body))
    assert [link for link in links if "account" in link or "data" in link] == [
        f"{settings.ADIEU.base_url}/accounts/password/reset/"
    ]
