"""Who asks for an archive, builds one and leaves at the same time: on SQLite and on PostgreSQL."""

from collections import Counter
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from adieu.accounts.addresses import AccountGone
from adieu.accounts.models import Account
from adieu.archives.operations import Progress, ask
from adieu.notices.models import Notice
from adieu.vault.models import Archive, ArchivePart, ArchiveState
from tests.support.archives import build, fetch
from tests.support.crowds import all_at_once
from tests.support.people import ask_to_leave, confirm, join, work

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

ROUNDS = 8


def test_four_asks_at_once_are_one_archive(now: datetime) -> None:
    alice = join("alice@example.org", now, is_welcomed=False)
    outcomes = all_at_once(*[partial(ask, account_id=alice, now=now)] * 4)
    archive = Archive.objects.get()
    assert {outcome.id for outcome in outcomes if isinstance(outcome, Progress)} == {archive.id}
    assert build(now) == 1
    assert fetch(alice, now).json["profile"]


def test_each_archive_is_built_once_by_many_workers(now: datetime) -> None:
    people = [join(f"alice.{number}@example.org", now, is_welcomed=False) for number in range(5)]
    for account_id in people:
        ask(account_id=account_id, now=now)
    outcomes = all_at_once(*[partial(build, now)] * 4)
    assert sum(outcome for outcome in outcomes if isinstance(outcome, int)) == len(people)
    assert [type(outcome) for outcome in outcomes] == [int] * 4
    assert set(Archive.objects.values_list("state", "epoch")) == {(ArchiveState.READY.value, 1)}
    for account_id in people:
        assert fetch(account_id, now).json["account"][0]["id"] == str(account_id)


def test_whoever_asks_and_leaves_at_once_leaves_nothing(now: datetime, record_property: Any) -> None:
    """Asked before or after the point of no return, built or not: nothing of it is there in the end."""
    kinds: Counter[str] = Counter()
    for number in range(ROUNDS):
        address = f"alice.{number}@example.org"
        alice = join(address, now, is_welcomed=False)
        code = ask_to_leave(alice, address, now)
        if number % 2:
            ask(account_id=alice, now=now)
        outcomes = all_at_once(
            partial(ask, account_id=alice, now=now),
            partial(confirm, alice, code, now),
            partial(build, now),
        )
        kinds[type(outcomes[0]).__name__] += 1
        assert isinstance(outcomes[0], Progress | AccountGone), outcomes
        assert isinstance(outcomes[1], UUID), outcomes
        assert isinstance(outcomes[2], int), outcomes
        assert not Account.objects.filter(id=alice).exists()
    work(now)
    assert build(now) == 0
    assert not Archive.objects.exists()
    assert not ArchivePart.objects.exists()
    assert not Notice.objects.filter(kind="archives.asked", state="owed").exists()
    record_property("asks for an archive that met a deletion, by what became of them", dict(kinds))
