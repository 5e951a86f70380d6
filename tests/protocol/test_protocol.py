"""The deletion protocol, searched exhaustively; each guard is taken away, to see that the search finds it."""

from dataclasses import dataclass
from typing import Any

import pytest
from django.utils.module_loading import import_string

from adieu.deletion.keepers import all_keepers
from adieu.deletion.models import RequestState, StepState
from tests.protocol import model
from tests.protocol.database import STATEMENTS
from tests.protocol.explorer import Explored
from tests.protocol.faults import AHEAD
from tests.protocol.leaving import CROSSING
from tests.protocol.model import (
    ADDRESSES,
    ERASING,
    FINISHING,
    MAILING,
    ONE_WORKER,
    OWNERS,
    RESTORING,
    Scope,
)
from tests.protocol.searching import search, searched
from tests.protocol.state import Bug, State

MOST_OF_LONG = 4_000_000


def report(scope: Scope, seen: Explored[State], record_property: Any) -> None:
    figures = f"{len(seen.states)} ({seen.transitions} steps, {seen.depth} deep, {seen.seconds:.1f} s)"
    record_property(f"states explored, {scope.name}", figures)


@pytest.mark.parametrize("scope", model.SCOPES, ids=lambda scope: scope.name)
def test_every_rule_holds_in_every_state(scope: Scope, record_property: Any) -> None:
    seen = searched(scope)
    assert not seen.violation, str(seen.violation)
    report(scope, seen, record_property)


@pytest.mark.long
@pytest.mark.parametrize("scope", model.LONG_SCOPES, ids=lambda scope: scope.name)
def test_every_rule_holds_in_every_state_with_more_at_once(scope: Scope, record_property: Any) -> None:
    seen = search(scope, most=MOST_OF_LONG)
    assert not seen.violation, str(seen.violation)
    report(scope, seen, record_property)


@dataclass(frozen=True)
class Seeded:
    """Guards that are taken away, who then takes part, and the rule that breaks."""

    bugs: tuple[Bug, ...]
    scope: Scope
    breaks: str


SEEDED = (
    Seeded((Bug.NO_LOCK_ON_ORGANIZATION, Bug.NO_CHECK_ON_OWNERS), OWNERS, "O2"),
    Seeded((Bug.LOCKS_UPSIDE_DOWN,), OWNERS, "no circle"),
    Seeded((Bug.RESERVE_AND_DELETE,), ADDRESSES, "C2"),
    Seeded((Bug.NO_UNIQUE_INDEX,), ADDRESSES, "C2"),
    Seeded((Bug.CODE_NOT_USED_UP,), ADDRESSES, "D4"),
    Seeded((Bug.NO_FOREIGN_KEY,), ADDRESSES, "D7"),
    Seeded((Bug.NO_ACCOUNT_LOCK_AT_SWEEP, Bug.NO_FOREIGN_KEY), ADDRESSES, "C3"),
    Seeded((Bug.STEPS_AFTER_COMMIT,), ERASING, "D6"),
    Seeded((Bug.CLAIM_AFTER_COMMIT,), ADDRESSES, "C3"),
    Seeded((Bug.ERASE_BEFORE_COMMIT,), ADDRESSES, "P4"),
    Seeded((Bug.LEASE_WITHOUT_EPOCH,), ERASING, "D8"),
    Seeded((Bug.NO_FENCING,), ERASING, "D8"),
    Seeded((Bug.FENCE_BEFORE_EFFECT,), ERASING, "D8"),
    Seeded((Bug.EFFECT_WITHOUT_NAME,), ERASING, "no effect twice"),
    Seeded((Bug.SETTLE_BEFORE_EFFECT,), ERASING, "done means done"),
    Seeded((Bug.COMPLETION_WITHOUT_LOCK,), FINISHING, "completion"),
    Seeded((Bug.COMPLETION_BEFORE_LAST_STEP,), FINISHING, "completion"),
    Seeded((Bug.COMPLETION_AFTER_COMMIT,), FINISHING, "completion"),
    Seeded((Bug.STEP_GIVEN_UP,), ONE_WORKER, "completion"),
    Seeded((Bug.ADDRESS_BEFORE_MAIL,), MAILING, "D9"),
    Seeded((Bug.MAIL_BEFORE_COMMIT,), MAILING, "D9"),
    Seeded((Bug.NO_LEASE_ON_MAIL,), MAILING, "no effect twice"),
    Seeded((Bug.INTENT_AFTER_COMMIT,), RESTORING, "L1"),
    Seeded((Bug.SERVE_BEFORE_REPLAY,), RESTORING, "L1"),
    Seeded((Bug.GUESS_OPEN_INTENT,), RESTORING, "L1"),
    Seeded((Bug.ABORT_WITHOUT_FENCE,), RESTORING, "L1"),
    Seeded((Bug.NO_LOCK_ON_HELD_ADDRESS,), RESTORING, "C2"),
    Seeded((Bug.REPLAY_WITHOUT_CLAIMS,), RESTORING, "C3"),
)


@pytest.mark.parametrize("seeded", SEEDED, ids=lambda seeded: " and ".join(seeded.bugs))
def test_a_seeded_bug_is_found(seeded: Seeded) -> None:
    seen = search(seeded.scope, *seeded.bugs)
    assert seen.violation is not None
    assert seeded.breaks in seen.violation.rule
    # A way that a person can read; `pytest -s` shows it.
    assert len(seen.violation.trace) <= 32
    print(seen.violation)  # noqa: T201


def test_every_bug_is_seeded(record_property: Any) -> None:
    found = {bug for seeded in SEEDED for bug in seeded.bugs}
    assert found == set(Bug)
    record_property("mistakes seeded in the protocol and found", len(SEEDED))


@pytest.mark.parametrize(
    ("bug", "scope"),
    [
        (Bug.NO_LOCK_ON_ORGANIZATION, OWNERS),
        (Bug.NO_CHECK_ON_OWNERS, OWNERS),
        (Bug.NO_ACCOUNT_LOCK_AT_SWEEP, ADDRESSES),
    ],
)
def test_where_two_guards_stand_one_is_enough(bug: Bug, scope: Scope) -> None:
    assert not search(scope, bug).violation


def test_what_the_model_speaks_of_is_there() -> None:
    named = {statement.stands_for for statement in STATEMENTS}
    for path in named:
        if not path.startswith(AHEAD):
            assert callable(find(path)), path


def test_the_locks_of_the_point_of_no_return_are_in_the_order_of_the_code() -> None:
    modelled = [
        statement.stands_for for statement in CROSSING if statement.stands_for.endswith("Keeper.lock")
    ]
    keepers = [type(keeper) for keeper in reversed(all_keepers())]
    real = [f"{keeper.__module__}.{keeper.__qualname__}.lock" for keeper in keepers]
    assert modelled == [path for path in real if path in modelled]


def find(path: str) -> Any:
    """Import a function, or a method of a class."""
    try:
        return import_string(path)
    except ImportError:
        owner, _, name = path.rpartition(".")
        return getattr(import_string(owner), name)


def test_the_states_are_those_of_the_code() -> None:
    requests, steps = set(), set()
    for scope in model.SCOPES:
        for state in searched(scope).states:
            requests.add(state.main.request_alice)
            steps |= {step.state for step in (state.main.step_tell, state.main.step_forget) if step}
    assert requests >= set(RequestState)
    assert steps == set(StepState)
