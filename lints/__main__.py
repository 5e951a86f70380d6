"""`python -m lints` holds our sources against the house rules."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from lints.rules import RULES, Source

ROOT = Path(__file__).parent.parent
CODE = ROOT / "src" / "adieu"
UNCALM = re.compile(r"\b(successfully|oops|please|are you sure)\b", re.IGNORECASE)


def main() -> int:
    """Print every finding and return how to exit."""
    findings = [*_in_code(), *_in_templates()]
    for finding in findings:
        print(finding)
    return 1 if findings else 0


def _in_code() -> Iterator[str]:
    for path in sorted(CODE.rglob("*.py")):
        if "migrations" in path.parts:
            continue
        text = path.read_text(encoding="utf-8")
        inside = path.relative_to(CODE).as_posix()
        source = Source(path=path, inside=inside, text=text, tree=ast.parse(text))
        for rule in RULES:
            for line, what in rule(source):
                yield f"{path.relative_to(ROOT)}:{line}: {what} [{rule.__name__}]"


def _in_templates() -> Iterator[str]:
    for path in sorted(CODE.rglob("templates/**/*")):
        if path.suffix not in {".html", ".txt"}:
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if found := UNCALM.search(line):
                place = f"{path.relative_to(ROOT)}:{number}"
                yield f"{place}: {found[0]!r}: say it without this word [calm_words]"


if __name__ == "__main__":
    sys.exit(main())
