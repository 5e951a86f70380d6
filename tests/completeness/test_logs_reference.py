"""Every event that the code can log is in the reference, with its level and fields, and no other."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "adieu"
PAGE = ROOT / "docs" / "reference" / "logs.md"
ROW = re.compile(r"^\| `([a-z_]+\.\w+)` \| ([\w ]+) \| ([\w, ]*) \|", re.MULTILINE)
# Written by the formatter, for what libraries log.
OF_LIBRARIES = {"library.said", "request.failed"}
DECIDED_LATER = "as it is"


@dataclass(frozen=True)
class Event:
    """An event: what the code says, or what the page says."""

    name: str
    level: str
    fields: frozenset[str]


def logged() -> Iterator[Event]:
    """Find every call that logs."""
    for path in SOURCE.rglob("*.py"):
        is_logs = path == SOURCE / "kit" / "logs.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            if isinstance(node, ast.Call) and called == ("record" if is_logs else "logs.record"):
                yield _event(node)


def _event(call: ast.Call) -> Event:
    given = {each.arg or "": each.value for each in call.keywords}
    level = given.pop("level", None)
    said = ast.unparse(level) if level else "logging.INFO"
    return Event(
        _name(call.args[0]),
        said.removeprefix("logging.") if said.startswith("logging.") else DECIDED_LATER,
        frozenset(given),
    )


def _name(argument: ast.expr) -> str:
    """Give the name; what is put in when it runs stands in capitals, as the object that it comes from."""
    if isinstance(argument, ast.JoinedStr):
        return "".join(_part(part) for part in argument.values)
    assert isinstance(argument, ast.Constant), ast.unparse(argument)
    return str(argument.value)


def _part(part: ast.expr) -> str:
    if isinstance(part, ast.Constant):
        return str(part.value)
    return next(each.id for each in ast.walk(part) if isinstance(each, ast.Name)).upper()


def documented() -> Iterator[Event]:
    for name, level, fields in ROW.findall(PAGE.read_text(encoding="utf-8")):
        yield Event(name, level, frozenset(fields.split(", ")) - {""})


def test_every_event_is_in_the_reference_as_it_is_logged() -> None:
    listed = {event for event in documented() if event.name not in OF_LIBRARIES}
    assert listed == set(logged())


def test_the_reference_is_in_order() -> None:
    names = [event.name for event in documented()]
    assert names == sorted(names)
    assert set(names) > OF_LIBRARIES
