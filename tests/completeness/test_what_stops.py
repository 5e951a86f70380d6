"""Rule D7: whatever could let somebody in, and whatever a process remembers, has its line in the docs."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from django.apps import apps
from django.conf import settings

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "adieu"
PAGE = ROOT / "docs" / "explanation" / "what-stops-working.md"
# A shared thing: it points to a member, and what points to it is not that member's.
SHARED = {"tenancy.Organization"}
REMEMBERS = {"cache", "lru_cache", "cached_property", "functools.cache", "functools.lru_cache"}
GOES_OUT = {"StreamingHttpResponse", "FileResponse"}

TO_FIX_THIS = """
{name} is not in docs/explanation/what-stops-working.md. If it can let somebody in, nobody has said when it
stops. To fix this:
1. Make it end in the transaction that deletes an account, by a foreign key or in a keeper's `erase_now`.
2. Look it up at every request; remember nothing of it in a process.
3. Give it a line on that page, with its name in the column "kept as".
4. Let tests/conformance/test_nothing_open_survives.py hold one and try it.
"""


def trees() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(SOURCE.rglob("*.py")):
        if "migrations" not in path.parts:
            yield path, ast.parse(path.read_text(encoding="utf-8"))


def calls(name: str) -> Iterator[tuple[Path, ast.Module, ast.Call]]:
    for path, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == name:
                yield path, tree, node


def text_of(tree: ast.Module, node: ast.expr) -> str:
    """Give a string, or the string that a constant of the module is."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    for each in tree.body:
        if isinstance(each, ast.Assign) and ast.unparse(each.targets[0]) == ast.unparse(node):
            return text_of(tree, each.value)
    raise AssertionError(f"line {node.lineno}: name it by a constant, so that it can be found")


def tables_on_accounts() -> set[str]:
    """Name the tables that hang on an account, over however many others."""
    found = {"accounts.Account"}
    while True:
        more = {
            model._meta.label
            for model in apps.get_models(include_auto_created=True)
            for field in model._meta.local_fields
            if field.remote_field and field.remote_field.model._meta.label in found
        }
        if more - SHARED <= found:
            return found
        found |= more - SHARED


def derived_keys() -> set[str]:
    found = {
        text_of(tree, call.args[1])
        for _, tree, call in calls("derive_key")
        if "ROOT_KEY" in ast.unparse(call.args[0])
    }
    assert len(found) > 5
    return found


def cookies() -> set[str]:
    set_by_us = {text_of(tree, call.args[0]) for _, tree, call in calls("set_cookie")}
    return {settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME, *set_by_us}


def remembered() -> set[str]:
    """Name what is kept from one call to the next, and what belongs to a context."""
    found = set()
    for path, tree in trees():
        module = ".".join(path.relative_to(SOURCE).with_suffix("").parts)
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                names = {ast.unparse(each).partition("(")[0] for each in node.decorator_list}
                found |= {f"{module}.{node.name}"} if names & REMEMBERS else set()
            elif isinstance(node, ast.AnnAssign) and ast.unparse(node.annotation).startswith("ContextVar["):
                found.add(f"{module}.{ast.unparse(node.target)}")
    return found


def on_the_page() -> set[str]:
    """Read the column "kept as" of the tables."""
    rows = [line.split("|") for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    return {name for row in rows if len(row) > 4 for name in re.findall(r"`([^`]+)`", row[2])}


def test_everything_that_could_let_somebody_in_has_its_line() -> None:
    page = on_the_page()
    there = tables_on_accounts() | derived_keys() | cookies() | remembered()
    for name in sorted(there):
        assert name in page, TO_FIX_THIS.format(name=name)
    # What is gone from the code goes from the page.
    assert page == there


def test_what_is_shared_between_requests_stands_in_the_database() -> None:
    backends = {alias: cache["BACKEND"] for alias, cache in settings.CACHES.items()}
    assert backends == {"default": "django.core.cache.backends.db.DatabaseCache"}
    assert settings.SESSION_ENGINE == "adieu.accounts.sessions"


def test_files_go_out_through_the_one_function_that_asks_again() -> None:
    places = {path.relative_to(SOURCE).as_posix() for name in GOES_OUT for path, _, _ in calls(name)}
    assert places == {"kit/downloads.py"}
