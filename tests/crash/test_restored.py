"""An old backup is put back beside a ledger that knows more: nobody comes back, nothing is guessed.

Rules L1, L2. The deletion is killed at every point, and so is every start that repeats or settles it.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.crash.lives import KILLED, Lives, prepared_lives
from tests.crash.points import record
from tests.crash.restored import cut_off, leave_and_restore

INTENT, CONFIRMED, ABORTED, UNSETTLED = "intent", "confirmed", "aborted", "unsettled"


@pytest.fixture(scope="module")
def lives(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lives]:
    with prepared_lives(tmp_path_factory.mktemp("restored")) as running:
        yield running


def do(lives: Lives, *act: str) -> Any:
    status, said = lives(*act)
    assert status == 0, lives.errors
    return said


def start_and_look(lives: Lives) -> Any:
    do(lives, "record", "start")
    return do(lives, "look")


def is_gone(found: dict[str, Any]) -> bool:
    return not found["account"] and not found["live_claims"] and found["retired_claims"] == 1


def test_a_backup_from_before_brings_nobody_back(lives: Lives, record_property: Any) -> None:
    """Wherever the deletion was cut off: what the ledger says is what holds after the restore."""
    lives.go_back()
    before = do(lives, "look")
    points = record(lives, "plain")
    # After that the ledger says no more, and it is all that a restore leaves.
    points = points[: points.index(("ledger.mark_moved", 1)) + 1]
    seen = set()
    for point, time in points:
        cut_off(lives, point, time)
        lives.restore()
        found = start_and_look(lives)
        kinds = set(found["ledger"])
        seen.add(outcome := "gone" if CONFIRMED in kinds else "open" if INTENT in kinds else "nothing")
        assert found["charlie"] == before["charlie"], point
        if outcome == "gone":
            assert is_gone(found), point
        elif outcome == "open":
            # Nobody knows, nobody guesses: she is locked out until the operator says what was.
            assert (found["account"], found["is_locked"], UNSETTLED in kinds) == (True, True, True), point
        else:
            assert found == before, point
    assert seen == {"gone", "open", "nothing"}
    record_property("points at which a deletion was cut off before a restore", len(points))


def test_nothing_of_her_is_left_after_the_restore_and_she_is_not_told_twice(lives: Lives) -> None:
    leave_and_restore(lives)
    told = len(lives.mail.messages)
    do(lives, "record", "start")
    do(lives, "record", "work")
    end = do(lives, "look")
    assert is_gone(end)
    assert end["request"] == "completed"
    assert not any(end["residue"].values()), end["residue"]
    assert {state for _, _, state in end["steps"]} == {"done"}
    assert "deletion.completed" not in {kind for kind, _ in end["notices"]}
    assert not [mail for mail in lives.mail.messages[told:] if "alice" in mail.address]


def test_the_receipt_that_was_issued_is_there_again_after_the_restore(lives: Lives) -> None:
    """Rule L3: of the ledger, not of the database; the log has one leaf and one head, and so it stays."""
    before = leave_and_restore(lives)
    do(lives, "record", "start")
    assert do(lives, "look")["receipt"] is None
    do(lives, "record", "work")
    after = do(lives, "look")
    assert after["receipt"] == before["receipt"]
    kinds = after["ledger"]
    assert (kinds.count("receipt"), kinds.count("checkpoint")) == (1, 1)


def test_of_a_deletion_cut_off_while_its_receipt_was_issued_there_is_one_after_the_restore(
    lives: Lives,
) -> None:
    lives.go_back()
    issuing = ("receipt.", "ledger.receipt.", "ledger.checkpoint.")
    points = [point for point in record(lives, "plain") if point[0].startswith(issuing)]
    assert len({name for name, _ in points}) == 7
    for point in points:
        cut_off(lives, *point)
        lives.restore()
        do(lives, "record", "start")
        do(lives, "record", "work")
        assert do(lives, "look")["receipt"][1:] == [0, 1, 1], point


def starts_killed(lives: Lives, prepare: Callable[[Lives], object]) -> Iterator[tuple[str, Any]]:
    """Kill a start at each of its points, and give what there is after the next one."""
    prepare(lives)
    for point, time in record(lives, "start"):
        prepare(lives)
        status, _ = lives("crash", "start", point, str(time))
        assert status == KILLED, point
        yield point, start_and_look(lives)


def test_a_start_killed_while_it_repeats_a_deletion_goes_on(lives: Lives, record_property: Any) -> None:
    survived = 0
    for point, found in starts_killed(lives, leave_and_restore):
        assert is_gone(found), point
        assert start_and_look(lives) == found, point
        survived += 1
    assert survived
    record_property("points of a replay survived", survived)


def test_a_start_killed_while_it_settles_a_deletion_goes_on(lives: Lives, record_property: Any) -> None:
    """The database still knows what was cut off: it did not happen, and she may confirm again."""
    survived = 0
    for point, found in starts_killed(lives, cut_off):
        assert (found["account"], found["is_locked"], found["fence"]) == (True, False, False), point
        assert ABORTED in found["ledger"], point
        assert UNSETTLED not in found["ledger"], point
        assert not do(lives, "finish", "plain")[1]["account"], point
        survived += 1
    assert survived
    record_property("points of settling survived", survived)


def test_a_start_killed_while_it_gives_a_deletion_to_the_operator_goes_on(lives: Lives) -> None:
    def cut_off_and_restore(lives: Lives) -> None:
        cut_off(lives)
        lives.restore()

    killed = list(starts_killed(lives, cut_off_and_restore))
    assert killed
    for point, found in killed:
        assert (found["account"], found["is_locked"]) == (True, True), point
        assert UNSETTLED in found["ledger"], point
