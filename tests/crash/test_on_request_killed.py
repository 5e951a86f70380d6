"""A process is killed at every crash point of a deletion on request (Rule D12): all of it or nothing.

What becomes of an organization that the person alone owns happens with the deletion, in one transaction, and
once more after a restore (Rule L2).
"""

import shutil
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.crash.life import ALICE
from tests.crash.lives import KILLED, Lives, prepared_lives
from tests.crash.points import record

SETTLED = {
    "hand_over": ([["bob", "owner"]], "organization.handed_over", "tenancy.handed_over"),
    "take_away": ([], "organization.deleted", "tenancy.organization_deleted"),
}
LINES = {"hand_over": "owner_made", "take_away": "organization_deleted"}


@pytest.fixture(scope="module")
def lives(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lives]:
    """Lives that begin when Alice has an organization of her own."""
    with prepared_lives(tmp_path_factory.mktemp("on-request")) as running:
        do(running, "record", "own_alone")
        # What was owed the ledger is told.
        do(running, "record", "start")
        shutil.rmtree(running.template)
        running.keep_start()
        yield running


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Name the points of any deletion, at each of which test_killed_anywhere.py kills."""
    with prepared_lives(tmp_path_factory.mktemp("plain")) as running:
        running.go_back()
        return {name for name, _ in record(running, "plain")}


def do(lives: Lives, *act: str) -> Any:
    status, said = lives(*act)
    assert status == 0, lives.errors
    return said


def look(lives: Lives) -> dict[str, Any]:
    return {**do(lives, "look"), **do(lives, "look_at_harbour")}


@pytest.mark.parametrize("story", list(SETTLED))
def test_killed_where_only_an_operator_comes_by_it_is_all_or_nothing(
    lives: Lives, plain: set[str], story: str, record_property: Any
) -> None:
    """Of the points that any deletion has it takes the first, the last and the commit."""
    lives.go_back()
    points = record(lives, story)
    own = [point for point in points if point[0] not in plain]
    assert ("tenancy.overridden", 1) in own
    kill_at_each(lives, story, [points[0], *own, ("crossing.committed", 1), points[-1]])
    record_property(f"crash points of a deletion on request alone ({story})", len(own))


@pytest.mark.long
@pytest.mark.parametrize("story", list(SETTLED))
def test_whenever_it_is_killed_it_is_all_or_nothing(lives: Lives, story: str, record_property: Any) -> None:
    lives.go_back()
    points = record(lives, story)
    kill_at_each(lives, story, points)
    record_property(f"crash points survived by a deletion on request ({story})", len(points))


def kill_at_each(lives: Lives, story: str, chosen: list[tuple[str, int]]) -> None:
    lives.go_back()
    start = look(lives)
    # What follows the commit is as with any deletion: test_killed_anywhere.py.
    points = record(lives, story)
    committed_from = points.index(("crossing.committed", 1))
    for point, time in chosen:
        at = points.index((point, time))
        lives.go_back()
        status, _ = lives("crash", story, point, str(time))
        assert status == KILLED, point
        found = look(lives)
        assert found["account"] == (at < committed_from), point
        if at < committed_from:
            # What the ledger heard meanwhile is settled at the start, and so is who confirms.
            fleeting = {name: start[name] for name in ("ledger", "fence", "by_operator")}
            assert found | fleeting == start, f"half of a transaction was left at {point}"
        do(lives, "finish", story)
        check_the_end(look(lives), story, point)


def check_the_end(end: dict[str, Any], story: str, point: str) -> None:
    places, act, told = SETTLED[story]
    assert (end["account"], end["live_claims"], end["request"]) == (False, 0, "erasing"), point
    assert (end["places"], end["acts"]) == (places, sorted(["account.deleted", act])), point
    assert (end["consents"], end["by_operator"]) == (0, [True]), point
    # Alice had asked to leave, with a reason; that is counted once.
    assert end["reasons"] == [["privacy", 1]], point
    # A line may be there twice, which is worth nothing; a restore has to meet them in this order (Rule L2).
    lines = end["ledger"]
    assert lines.index("confirmed") > lines.index(LINES[story], lines.index("intent")), (point, lines)
    assert Counter(kind for kind, _ in end["notices"])[told] == 1, point


@pytest.mark.parametrize("story", list(SETTLED))
def test_a_restore_settles_it_once_more(lives: Lives, story: str) -> None:
    """The ledger knows what became of the organization, so nobody has to be asked."""
    lives.go_back()
    do(lives, "record", story)
    do(lives, "record", "work")
    told = len(lives.mail.messages)
    lives.restore()
    assert look(lives)["account"]
    do(lives, "record", "start")
    do(lives, "record", "work")
    end = look(lives)
    assert (end["account"], end["live_claims"], end["request"]) == (False, 0, "completed")
    assert (end["places"], end["by_operator"]) == (SETTLED[story][0], [True])
    assert not any(end["residue"].values())
    # Neither Alice nor Bob is told a second time.
    again = [(sent.subject, sent.address) for sent in lives.mail.messages[told:]]
    assert not [each for each in again if "Harbour" in each[0] or each[1] == ALICE], again
