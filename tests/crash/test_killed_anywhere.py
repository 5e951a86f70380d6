"""A process is killed at every crash point of a deletion, and started again (Rules D6, D8)."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.crash.life import CHARLIE
from tests.crash.lives import KILLED, Lives, prepared_lives
from tests.crash.points import points_in_the_code, record
from tests.crash.restored import back_up, put_back, repeated, requested, rotated, settled
from tests.crash.story import KINDS, LATE, MAILS, STUCK, check_the_end, check_the_mails


@pytest.fixture(scope="module")
def lives(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lives]:
    with prepared_lives(tmp_path_factory.mktemp("crash")) as running:
        yield running


@pytest.fixture(scope="module")
def plain(lives: Lives) -> list[tuple[str, int]]:
    lives.go_back()
    return record(lives, "plain")


@pytest.fixture(scope="module")
def troubled(lives: Lives) -> list[tuple[str, int]]:
    lives.go_back()
    return record(lives, "troubled")


def test_a_process_killed_at_any_point_loses_nothing_and_repeats_nothing(
    lives: Lives, plain: list[tuple[str, int]], record_property: Any
) -> None:
    lives.go_back()
    start = lives("look")[1]
    committed_from = plain.index(("crossing.committed", 1))
    copied = {
        kill_at(lives, start, "plain", *plain[at], is_committed=at >= committed_from)
        for at in range(len(plain))
    }
    # Rule D8, the one exception: the server had the mail, and we had not yet written that down.
    assert copied - {None} == {f"notice.handed_over.{KINDS[mail]}" for mail in MAILS["plain"]}
    record_property("crash points survived", len(plain))


def test_a_process_killed_while_a_step_is_in_trouble_tells_its_person_once(
    lives: Lives, plain: list[tuple[str, int]], troubled: list[tuple[str, int]], record_property: Any
) -> None:
    lives.go_back()
    start = lives("look")[1]
    known, last = {name for name, _ in plain}, dict(troubled)
    # The failures between the first and the last are alike.
    points = [(name, time) for name, time in troubled if name not in known and time in {1, last[name]}]
    copied = {kill_at(lives, start, "troubled", *point, is_committed=True) for point in points}
    assert copied - {None} == {f"notice.handed_over.{KINDS[mail]}" for mail in (LATE, STUCK)}
    record_property("crash points survived while a step is in trouble", len(points))


def test_a_process_killed_while_it_builds_an_archive_is_followed_by_another(
    lives: Lives, record_property: Any
) -> None:
    lives.go_back()
    points = record(lives, "archive")
    for point, time in points:
        lives.go_back()
        before = len(lives.mail.messages)
        assert lives("crash", "archive", point, str(time))[0] == KILLED, point
        assert lives("finish", "archive")[0] == 0, (point, lives.errors)
        assert lives("read_archive") == (0, [CHARLIE]), point
        told = [each for each in lives.mail.messages[before:] if each.address == CHARLIE]
        assert told, f"nobody was told of the archive when it was killed at {point}"
    record_property("crash points survived while an archive is asked for and built", len(points))


def kill_at(
    lives: Lives, start: dict[str, Any], story: str, point: str, time: int, *, is_committed: bool
) -> str | None:
    """Kill at a point, start again, look; give the point's name if a mail came twice."""
    lives.go_back()
    before = len(lives.mail.messages)
    status, _ = lives("crash", story, point, str(time))
    assert status == KILLED, point
    status, said = lives("finish", story)
    assert status == 0, (point, lives.errors)
    found, end = said
    assert found["account"] != is_committed, point
    if not is_committed:
        # What the ledger heard meanwhile is settled at the start: test_restored.py.
        found |= {"ledger": start["ledger"], "fence": start["fence"]}
        assert found == start, f"half of a transaction was left at {point}"
    check_the_end(lives.data, end, start, story)
    return point if check_the_mails(lives.mail.messages[before:], story) else None


def archive(lives: Lives) -> list[tuple[str, int]]:
    lives.go_back()
    return record(lives, "archive")


def test_every_point_in_the_code_is_passed(
    lives: Lives, plain: list[tuple[str, int]], troubled: list[tuple[str, int]]
) -> None:
    """A crash point that no story passes would be tested by nothing."""
    commands = [*back_up(lives), *put_back(lives), *rotated(lives), *requested(lives)]
    lives.go_back()
    commands += record(lives, "clusters")
    others = [*archive(lives), *repeated(lives), *settled(lives), *commands]
    passed = {name for name, _ in [*plain, *troubled, *others]}
    if lives.database.names:
        # Adieu copies a vault that is a file.
        passed.add("vault.copied")
    for path, start in points_in_the_code():
        assert any(point.startswith(start) for point in passed), f"{path}: {start}"
