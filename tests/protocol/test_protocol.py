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
from tests.protocol.invariants import COMPLETES, NO_CIRCLE, NO_DEAD_END, NO_INTENT_OPEN, RULES
from tests.protocol.leaving import CROSSING
from tests.protocol.model import (
    ADDRESSES,
    ERASING,
    FENCES,
    FINISHING,
    MAILING,
    ONE_WORKER,
    OWNERS,
    RESTORING,
    RESTORING_OWNERS,
    Scope,
)
from tests.protocol.searching import search, searched
from tests.protocol.state import Bug, State

# The model needs no database.
pytestmark = pytest.mark.only_on("sqlite")

MOST_OF_LONG = 1_000_000


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
    Seeded((Bug.NO_LOCK_ON_ORGANIZATION, Bug.NO_CHECK_ON_OWNERS), OWNERS, "at every committed moment"),
    Seeded((Bug.COUNT_LEFT_BEHIND,), OWNERS, "the count is the owners"),
    Seeded((Bug.LOCKS_UPSIDE_DOWN,), OWNERS, "everybody can come to an end"),
    Seeded((Bug.RESERVE_AND_DELETE,), ADDRESSES, "one row for an address"),
    Seeded((Bug.NO_UNIQUE_INDEX,), ADDRESSES, "one row for an address"),
    Seeded((Bug.CODE_NOT_USED_UP,), ADDRESSES, "nobody leaves twice"),
    Seeded((Bug.NO_FOREIGN_KEY,), ADDRESSES, "nothing works afterwards"),
    Seeded((Bug.NO_ACCOUNT_LOCK_AT_SWEEP, Bug.NO_FOREIGN_KEY), ADDRESSES, "account holds its claim"),
    Seeded((Bug.STEPS_AFTER_COMMIT,), ERASING, "all or nothing"),
    Seeded((Bug.CLAIM_AFTER_COMMIT,), ADDRESSES, "account holds its claim"),
    Seeded((Bug.ERASE_BEFORE_COMMIT,), ADDRESSES, "nothing of the vault goes before the commit"),
    Seeded((Bug.LEASE_WITHOUT_EPOCH,), ERASING, "who was overtaken changes nothing"),
    Seeded((Bug.NO_FENCING,), ERASING, "who was overtaken changes nothing"),
    Seeded((Bug.FENCE_BEFORE_EFFECT,), ERASING, "who was overtaken changes nothing"),
    Seeded((Bug.EFFECT_WITHOUT_NAME,), ERASING, "no effect twice"),
    Seeded((Bug.SETTLE_BEFORE_EFFECT,), ERASING, "done means done"),
    Seeded((Bug.COMPLETION_WITHOUT_LOCK,), FINISHING, "completion can be reached"),
    Seeded((Bug.COMPLETION_BEFORE_LAST_STEP,), FINISHING, "completion can be reached"),
    Seeded((Bug.COMPLETION_AFTER_COMMIT,), FINISHING, "completion can be reached"),
    Seeded((Bug.COMPLETION_AFTER_ONE,), FINISHING, "completed means all done"),
    Seeded((Bug.STEP_GIVEN_UP,), ONE_WORKER, "completion and the end of the address can be reached"),
    Seeded((Bug.ADDRESS_BEFORE_MAIL,), MAILING, "the address goes last"),
    Seeded((Bug.MAIL_BEFORE_COMMIT,), MAILING, "the last mail tells the truth"),
    Seeded((Bug.NO_LEASE_ON_MAIL,), MAILING, "no effect twice"),
    Seeded((Bug.INTENT_AFTER_COMMIT,), RESTORING, "nobody comes back"),
    Seeded((Bug.CONFIRMED_BEFORE_COMMIT,), RESTORING, "nobody is erased who did not leave"),
    Seeded((Bug.CONFIRMED_OWED_AFTER_COMMIT,), RESTORING_OWNERS, "nobody comes back"),
    Seeded((Bug.NO_FENCE,), RESTORING_OWNERS, "nobody comes back"),
    Seeded((Bug.RESTORE_KEEPS_FENCE,), RESTORING, "nobody comes back"),
    Seeded((Bug.SERVE_BEFORE_REPLAY,), RESTORING, "nobody comes back"),
    Seeded((Bug.GUESS_OPEN_INTENT,), RESTORING, "nobody comes back"),
    Seeded((Bug.ABORT_WITHOUT_FENCE,), RESTORING_OWNERS, "nobody comes back"),
    Seeded((Bug.NO_LOCK_ON_HELD_ADDRESS,), RESTORING, "nobody comes back"),
    Seeded((Bug.REPLAY_WITHOUT_CLAIMS,), RESTORING, "account holds its claim"),
    Seeded((Bug.TELL_OUT_OF_ORDER, Bug.INTENT_BEFORE_OWED), RESTORING_OWNERS, "what was handed over stays"),
    Seeded((Bug.INTENT_BEFORE_OWED,), RESTORING_OWNERS, "what was handed over stays"),
    Seeded((Bug.REPLAY_OUT_OF_ORDER,), RESTORING_OWNERS, "what was handed over stays"),
    Seeded((Bug.ENDED_KEEPS_FENCE,), FENCES, "only a restore locks anybody"),
    Seeded((Bug.LATE_INTENT_LEFT_OPEN,), FENCES, "every intent can come to its end"),
)


@pytest.mark.parametrize("seeded", SEEDED, ids=lambda seeded: " and ".join(seeded.bugs))
def test_a_seeded_bug_is_found(seeded: Seeded) -> None:
    seen = search(seeded.scope, *seeded.bugs)
    assert seen.violation is not None
    assert seen.violation.rule.endswith(seeded.breaks)
    # A way that a person can read; `pytest -s` shows it.
    assert len(seen.violation.trace) <= 44
    print(seen.violation)  # noqa: T201


def test_every_rule_can_break() -> None:
    progress = (NO_CIRCLE, COMPLETES, NO_DEAD_END, NO_INTENT_OPEN)
    rules = [*RULES, *(possible.rule for possible in progress)]
    broken = {seeded.breaks for seeded in SEEDED}
    assert not [rule for rule in rules if not any(rule.endswith(name) for name in broken)]


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
        (Bug.TELL_OUT_OF_ORDER, RESTORING_OWNERS),
    ],
)
def test_where_two_guards_stand_one_is_enough(bug: Bug, scope: Scope) -> None:
    assert not search(scope, bug).violation


def test_what_the_model_speaks_of_is_there() -> None:
    named = {statement.stands_for for statement in STATEMENTS}
    for path in named:
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
