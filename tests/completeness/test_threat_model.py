"""Each line of "What stops whom" names tests that are there."""

import re
from collections.abc import Iterator
from pathlib import Path

PAGE = Path("docs/explanation/threat-model.md")
NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(test_\w+))?`")
HEADS = ("| tries | what stops it | seen in |", "| what | how | how far |")


def rows() -> Iterator[str]:
    """Give every line that says what stops something, or what is proven."""
    is_inside = False
    for line in PAGE.read_text().splitlines():
        is_inside = line in HEADS or (is_inside and line.startswith("|"))
        if is_inside and line not in HEADS and not line.startswith("|---"):
            yield line


def test_every_line_names_what_shows_it() -> None:
    found = list(rows())
    assert len(found) > 40
    for line in found:
        last = line.strip("| ").rpartition("|")[2]
        assert NAMED.search(last) or "](the-protocol-checked.md)" in last, line


def test_what_is_named_is_there() -> None:
    for path, name in NAMED.findall(PAGE.read_text()):
        assert Path(path).exists(), path
        assert not name or f"def {name}(" in Path(path).read_text(), f"{path}::{name}"
