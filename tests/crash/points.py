"""The crash points: those that a story passes, and those that stand in the code."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.crash.lives import Lives


def record(lives: Lives, story: str) -> list[tuple[str, int]]:
    """List every point that a story passes from here, and which passing of it this is."""
    status, passed = lives("record", story)
    assert status == 0, lives.errors
    seen: Counter[str] = Counter()
    listed = []
    for name in passed:
        seen[name] += 1
        listed.append((name, seen[name]))
    return listed


def points_in_the_code() -> Iterator[tuple[Path, str]]:
    """List every crash point with its file; of a name that is put together, how it begins."""
    for path in Path("src/adieu").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "crash_point":
                name = node.args[0]
                parts = name.values if isinstance(name, ast.JoinedStr) else [name]
                yield path, str(parts[0].value) if isinstance(parts[0], ast.Constant) else ""
