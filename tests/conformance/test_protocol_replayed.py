"""What the model of the protocol says happens, happens: its traces are played on the real code (Rule D8).

For everything that can happen to anybody in the model, the shortest way to it; and ways by chance.
"""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from adieu.ledger.opening import open_ledger
from tests.protocol.model import ADDRESSES, ERASING, FENCES, OWNERS, Scope
from tests.protocol.replay import replay, without_beginnings
from tests.protocol.searching import searched
from tests.support.ledgers import place_for_a_ledger

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])


@pytest.fixture(autouse=True)
def _ledger(tmp_path: Path, now: datetime) -> Iterator[None]:
    with place_for_a_ledger(tmp_path) as store:
        open_ledger(store=store, now=now)
        yield


def each(*scopes: Scope) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("scope", scopes, ids=lambda scope: scope.name)


@each(OWNERS, ADDRESSES, ERASING, FENCES)
def test_the_code_does_what_the_model_does(scope: Scope, now: datetime, record_property: Any) -> None:
    traces = without_beginnings(searched(scope).traces_to_labels())
    moves = [replay(trace, scope, now) for trace in traces]
    record_property(f"traces replayed, {scope.name}", f"{len(moves)} ({sum(moves)} moves)")


@pytest.mark.long
# Two stale fences are one in the model, which on the way to a label nobody notices.
@each(OWNERS, ADDRESSES, ERASING)
def test_the_code_does_what_the_model_does_by_chance(
    scope: Scope, now: datetime, record_property: Any
) -> None:
    seen = searched(scope)
    numbers = Random(0).sample(range(len(seen.states)), 300)
    moves = [replay(seen.trace_to(number), scope, now) for number in numbers]
    record_property(f"traces replayed by chance, {scope.name}", f"{len(moves)} ({sum(moves)} moves)")
