"""Two processes start at once on a restored database: a deletion that nobody can tell of is open once."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from random import Random
from uuid import uuid4

import pytest

from adieu.deletion.intents import Intent, settle
from adieu.deletion.unsettled import unsettled_deletions
from adieu.ledger.opening import open_ledger
from tests.support.exploration import Exploration, explore
from tests.support.ledgers import place_for_a_ledger

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "vault"]),
    # SQLite has one writer at a time.
    pytest.mark.only_on("postgresql"),
]


@pytest.fixture(autouse=True)
def _ledger(tmp_path: Path, now: datetime) -> Iterator[None]:
    with place_for_a_ledger(tmp_path) as store:
        open_ledger(store=store, now=now)
        yield


def test_in_any_order_one_of_them_settles_it(now: datetime) -> None:
    opened: list[Intent] = []

    def make() -> Sequence[Callable[[], object]]:
        opened.append(Intent(uuid4(), uuid4(), uuid4(), ()))
        return [partial(settle, opened[-1], number=2, now=now)] * 2

    for played in explore(make, Exploration(most=20, random=Random(0))):
        intent = opened[-1]
        found = [open_one for open_one in unsettled_deletions() if open_one[0] == intent.deletion_id]
        assert len(found) == 1, played.script()
    assert len(opened) > 1
