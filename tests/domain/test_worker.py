"""The worker does every chore when it is due, and none stops another."""

import logging
import logging.config
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from adieu.kit import logs
from adieu.ledger.opening import open_ledger
from adieu.ops.worker import Chore, chores, do_if_due
from tests.support.ledgers import place_for_a_ledger

ADDRESS = "alice@example.org"


@pytest.mark.django_db(databases=["default", "vault"], transaction=True)
@pytest.mark.parametrize("name", [chore.name for chore in chores()])
def test_every_chore_runs_where_nothing_is_to_do(name: str, now: datetime, tmp_path: Path) -> None:
    chore = next(chore for chore in chores() if chore.name == name)
    with place_for_a_ledger(tmp_path) as ledger:
        # What every start does before a worker works.
        open_ledger(store=ledger, now=now)
        chore.do(now)


def test_chore_is_done_when_due(now: datetime) -> None:
    done: list[datetime] = []
    chore = Chore("sweep", done.append, timedelta(minutes=1))
    for second in (0, 1, 59, 60, 61, 120):
        do_if_due(chore, now=now + timedelta(seconds=second))
    assert [(at - now).total_seconds() for at in done] == [0, 60, 120]


def test_a_clock_that_is_set_back_holds_up_no_chore(now: datetime) -> None:
    done: list[datetime] = []
    chore = Chore("sweep", done.append, timedelta(minutes=1))
    for moment in (now, now - timedelta(days=1), now - timedelta(days=1, seconds=-59), now):
        do_if_due(chore, now=moment)
    assert done == [now, now - timedelta(days=1), now]


def test_chore_that_fails_is_told_and_comes_again(now: datetime, capsys: pytest.CaptureFixture[str]) -> None:
    def fail(at: datetime) -> None:
        raise ValueError(ADDRESS)

    logging.config.dictConfig(logs.configuration())
    chore = Chore("sweep", fail, timedelta(minutes=1))
    do_if_due(chore, now=now)
    do_if_due(chore, now=now + timedelta(minutes=1))
    written = capsys.readouterr().err
    assert written.count(" ERROR worker.sweep_failed exception=builtins.ValueError at=") == 2
    assert ADDRESS not in written
