"""The rules, one function each: from a parsed file to findings."""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lints.doors import side_doors
from lints.memberships import DOOR, writes_to_memberships

LONGEST_FILE = 300
LONGEST_FUNCTION = 40
# What Django and allauth call has no `now` to hand in.
DJANGOS_HOOKS = tuple(
    f"accounts/{name}.py"
    for name in ("adapter", "forms", "listeners", "session_store", "sessions", "step_up")
)
# Here time passes; everywhere else `now` is handed in.
FACES = ("console", "api", "ops", "config", "clusters/engines", *DJANGOS_HOOKS)
BASES_OF_FACTS = {"Fact", "UnableToStart"}


@dataclass(frozen=True)
class Source:
    """One of our files."""

    path: Path
    inside: str
    text: str
    tree: ast.Module


type Finding = tuple[int, str]
type Rule = Callable[[Source], Iterator[Finding]]


def short_files(source: Source) -> Iterator[Finding]:
    """Find files that nobody reads in one go."""
    length = source.text.count("\n")
    if length > LONGEST_FILE:
        yield (
            length,
            f"has {length} lines; give a subject of its own a module of its own ({LONGEST_FILE} at most)",
        )


def short_functions(source: Source) -> Iterator[Finding]:
    """Find functions that do more than one thing."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > LONGEST_FUNCTION:
                yield (
                    node.lineno,
                    f"{node.name} has {length} lines; name its parts ({LONGEST_FUNCTION} at most)",
                )


def facts_say_what_is(source: Source) -> Iterator[Finding]:
    """Find errors of ours without a docstring, which is their message."""
    for node in ast.walk(source.tree):
        if (
            isinstance(node, ast.ClassDef)
            and _base_names(node) & BASES_OF_FACTS
            and not ast.get_docstring(node)
        ):
            yield (
                node.lineno,
                f"{node.name} needs a docstring that states the fact: it is the error's message",
            )


def now_is_handed_in(source: Source) -> Iterator[Finding]:
    """Find domain code that looks at the clock."""
    if source.inside.startswith(FACES):
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"timezone.now", "datetime.now"}:
            yield (
                node.lineno,
                "take `now: datetime` as a keyword instead; faces look at the clock, domains do not",
            )


def datetimes_end_in_at(source: Source) -> Iterator[Finding]:
    """Find fields for times whose name does not say so."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Assign) and ast.unparse(node.value).startswith("models.DateTimeField("):
            for name in (target.id for target in node.targets if isinstance(target, ast.Name)):
                # Django's cache prescribes this one.
                if not name.endswith("_at") and name != "expires":
                    yield node.lineno, f"call it {name}_at or the like: a moment's name ends in _at"


def accounts_not_users(source: Source) -> Iterator[Finding]:
    """Find names of ours that say user."""
    for node in ast.walk(source.tree):
        name = getattr(node, "name", None)
        if not isinstance(node, ast.FunctionDef | ast.ClassDef) or not re.search(
            r"(^|_)users?($|_)", str(name)
        ):
            continue
        # A hook of Django or allauth keeps its name.
        if not _is_hook(source, node):
            yield node.lineno, f"{name}: a person's login is an account here (the glossary says why)"


def calm_words(source: Source) -> Iterator[Finding]:
    """Find words that our product does not say, in strings."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            for word in re.findall(
                r"\b(?:successfully|oops|please|are you sure)\b", node.value, re.IGNORECASE
            ):
                yield node.lineno, f"{word!r}: say what is, and what to do next, without it"


def memberships_through_the_door(source: Source) -> Iterator[Finding]:
    """Find memberships that are written past the ownership door."""
    if source.inside != DOOR:
        yield from writes_to_memberships(source.tree)


def no_side_doors(source: Source) -> Iterator[Finding]:
    """Find accounts, addresses and claims that are made past the one function."""
    yield from side_doors(source.tree, source.inside)


def _base_names(node: ast.ClassDef) -> set[str]:
    return {ast.unparse(base).rpartition(".")[2] for base in node.bases}


def _is_hook(source: Source, node: ast.FunctionDef | ast.ClassDef) -> bool:
    """Tell whether it is a method of a class with a foreign base, which gave it its name."""
    return any(
        node in parent.body and bool(parent.bases)
        for parent in ast.walk(source.tree)
        if isinstance(parent, ast.ClassDef)
    )


RULES: tuple[Rule, ...] = (
    short_files,
    short_functions,
    facts_say_what_is,
    now_is_handed_in,
    datetimes_end_in_at,
    accounts_not_users,
    calm_words,
    memberships_through_the_door,
    no_side_doors,
)
