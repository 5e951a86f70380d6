"""Losing the right to a cluster ends what is open at it: real process, real database (Rule D7)."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from adieu.clusters.queries import NOT_A_KEY, NOT_YOURS
from tests.support.installations import installation

SECONDS = 300
TOLD = {
    "key revoked": NOT_A_KEY,
    "key reset": NOT_A_KEY,
    "removed from the project": NOT_YOURS,
    "removed from the organization": NOT_A_KEY,
    "account deleted": NOT_A_KEY,
}


def test_open_calls_end_within_a_second_of_the_commit(tmp_path: Path, record_property: Any) -> None:
    # Rule D7
    with installation(tmp_path) as settings:
        environ = {name: value for name, value in os.environ.items() if not name.startswith("ADIEU_")}
        done = subprocess.run(
            [sys.executable, "-m", "tests.support.revoking", str(tmp_path)],
            env={**environ, **settings},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    tries = [json.loads(line) for line in done.stdout.splitlines()]
    assert {each["act"]: each["told"] for each in tries} == TOLD
    assert {each["code"] for each in tries} == {"CANCELLED"}
    slowest = max(each["seconds"] for each in tries)
    record_property(
        "milvus-lite: open call ended after the commit that shut the door, slowest of 5, seconds", slowest
    )
    assert slowest < 1
