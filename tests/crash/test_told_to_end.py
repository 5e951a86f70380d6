"""A worker that gets SIGTERM hands over cleanly (Rule D8)."""

from collections.abc import Iterator

import pytest

from tests.crash.lives import Lives, prepared_lives
from tests.crash.story import check_the_end, check_the_mails

STEP = ("vault", "cut_down")


@pytest.fixture(scope="module")
def lives(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lives]:
    with prepared_lives(tmp_path_factory.mktemp("told")) as running:
        yield running


@pytest.mark.parametrize("how", ["goes on", "hangs"])
def test_whoever_is_told_to_end_in_a_step_finishes_it_or_gives_it_back(lives: Lives, how: str) -> None:
    lives.go_back()
    start, before, logged = lives("look")[1], len(lives.mail.messages), len(lives.errors)
    status, _ = lives("be_told_to_end", how)
    assert status == 0, lives.errors
    found = {(keeper, name): state for keeper, name, state in lives("look")[1]["steps"]}
    # Nobody has to wait for the end of a lease.
    assert "running" not in found.values()
    assert ("worker.cut_short given_back=True" in lives.errors[logged:]) == (how == "hangs")
    if how == "hangs":
        assert found[STEP] == "waiting"
    status, said = lives("finish", "plain")
    assert status == 0, lives.errors
    check_the_end(lives.data, said[1], start, "plain")
    check_the_mails(lives.mail.messages[before:], "plain")
