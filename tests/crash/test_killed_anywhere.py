"""A process is killed at every crash point of a deletion, and started again (Rules D6, D8)."""

import ast
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.crash.databases import Copies, copies
from tests.crash.life import ALICE, COMMENT
from tests.support.smtp import SmtpServer

KILLED = -9
GONE = "Your account has been deleted"


class Lives:
    """A loaded process that forks lives, the data folder they live in, and how it was at the start."""

    def __init__(self, folder: Path, mail: SmtpServer, database: Copies) -> None:
        self.data, self.template, self.mail, self.database = folder / "data", folder / "start", mail, database
        environ = {name: value for name, value in os.environ.items() if not name.startswith("ADIEU_")}
        settings = {
            "ADIEU_DATA_DIR": str(self.data),
            "ADIEU_SMTP_URL": mail.url,
            "ADIEU_MAIL_FROM": "adieu@example.org",
            **database.urls,
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.life"],
            env={**environ, **settings},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=(folder / "stderr").open("w"),
            text=True,
        )

    @property
    def errors(self) -> str:
        """What lives wrote to standard error."""
        return (self.data.parent / "stderr").read_text()

    def __call__(self, *act: str) -> tuple[int, Any]:
        """Live once."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(act) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        assert answer["status"] in {0, KILLED}, self.errors
        return answer["status"], answer["said"]

    def keep_start(self) -> None:
        """Remember how everything is now."""
        shutil.copytree(self.data, self.template)
        self.database.keep_start()

    def go_back(self) -> None:
        """Make everything as it was at the start."""
        shutil.rmtree(self.data)
        shutil.copytree(self.template, self.data)
        self.database.go_back()


@pytest.fixture(scope="module")
def lives(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lives]:
    folder = tmp_path_factory.mktemp("crash")
    with SmtpServer() as mail, copies() as database:
        running = Lives(folder, mail, database)
        status, _ = running("prepare")
        assert status == 0
        running.keep_start()
        yield running
        running.process.kill()
        running.process.wait()


@pytest.fixture(scope="module")
def points(lives: Lives) -> list[tuple[str, int]]:
    """Every point that a deletion passes, and which passing of it this is."""
    lives.go_back()
    status, passed = lives("record")
    assert status == 0
    seen: Counter[str] = Counter()
    listed = []
    for name in passed:
        seen[name] += 1
        listed.append((name, seen[name]))
    return listed


def farewells(mail: SmtpServer, *, after: int) -> list[Any]:
    return [received for received in mail.messages[after:] if GONE in received.subject]


def test_a_process_killed_at_any_point_loses_nothing_and_repeats_nothing(
    lives: Lives, points: list[tuple[str, int]], record_property: Any
) -> None:
    lives.go_back()
    start = lives("look")[1]
    copied_mail = set()
    for point, time in points:
        lives.go_back()
        before = len(lives.mail.messages)
        status, _ = lives("crash", point, str(time))
        assert status == KILLED, point

        found = lives("look")[1]
        is_committed = not found["account"]
        if not is_committed:
            assert found == start, f"half of a transaction was left at {point}"
        assert is_committed == (points.index((point, time)) >= points.index(("crossing.committed", 1))), point

        status, _ = lives("finish")
        assert status == 0, point
        check_the_end(lives.data, lives("look")[1], start)
        mails = farewells(lives.mail, after=before)
        assert {received.message["Message-ID"] for received in mails} == {mails[0].message["Message-ID"]}
        if len(mails) > 1:
            copied_mail.add((point, len(mails)))
    # Rule D8, the one exception: the server had the mail, and we had not yet written that down.
    assert copied_mail == {("notice.handed_over", 2)}
    record_property("crash points survived", len(points))


def check_the_end(data: Path, end: dict[str, Any], start: dict[str, Any]) -> None:
    """One completion, and nothing of Alice; Charlie as at the start."""
    assert (end["account"], end["addresses"], end["live_claims"], end["retired_claims"]) == (False, 0, 0, 1)
    assert end["request"] == "completed"
    assert {state for _, _, state in end["steps"]} == {"done"}
    assert end["reasons"] == [["privacy", 1]]
    assert Counter(kind for kind, _ in end["notices"])["deletion.completed"] == 1
    assert [state for kind, state in end["notices"] if kind == "deletion.completed"] == ["delivered"]
    assert end["comments"] == [[COMMENT, True]]
    assert not any(end["residue"].values()), end["residue"]
    assert end["charlie"] == start["charlie"]
    assert not [path for path in data.iterdir() if path.is_file() and ALICE.encode() in path.read_bytes()]


def test_every_point_in_the_code_is_passed(points: list[tuple[str, int]]) -> None:
    """A crash point that a deletion never passes would be tested by nothing."""
    passed = {name for name, _ in points}
    for path in Path("src/adieu").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "crash_point":
                name = node.args[0]
                parts = name.values if isinstance(name, ast.JoinedStr) else [name]
                start = str(parts[0].value) if isinstance(parts[0], ast.Constant) else ""
                assert any(point.startswith(start) for point in passed), f"{path}: {start}"
