"""The rule that memberships are written in one place."""

import ast
import re
from collections.abc import Iterator

DOOR = "tenancy/ownership.py"
MODELS = {"OrganizationMembership", "ProjectMembership"}
# What leads to memberships from elsewhere, and what leads from a membership to something else.
INWARDS = {"membership", "memberships"}
OUTWARDS = {"account", "organization", "project", "api_keys"}
WRITING = {
    prefix + name
    for prefix in ("", "a")
    for name in (
        "create",
        "bulk_create",
        "get_or_create",
        "update_or_create",
        "update",
        "bulk_update",
        "save",
        "delete",
        "_raw_delete",
    )
}
RAW = re.compile(
    r"\b(?:INSERT\s+INTO|UPDATE(?:\s+ONLY)?|DELETE\s+FROM(?:\s+ONLY)?|REPLACE\s+INTO|MERGE\s+INTO|COPY|TRUNCATE(?:\s+TABLE)?)"
    r'\s+"?tenancy_(?:organization|project)membership\b',
    re.IGNORECASE,
)
INSTEAD = (
    "memberships are written in tenancy/ownership.py only, which locks the organization first and keeps its"
    " last owner (Rule O2); call one of its functions, or add one there"
)


def writes_to_memberships(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Find whatever writes memberships: by their managers, as rows, or in SQL."""
    known = _names_of_memberships(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and (raw := RAW.search(node.value)):
            yield node.lineno, f"{' '.join(raw[0].split())}: {INSTEAD}"
        if isinstance(node, ast.Call) and _writes(node.func, known):
            yield node.lineno, f"{ast.unparse(node.func).partition('(')[0]}(…): {INSTEAD}"


def _writes(called: ast.expr, known: set[str]) -> bool:
    # A row that is made is a row that will be saved.
    if isinstance(called, ast.Name):
        return called.id in MODELS
    return (
        isinstance(called, ast.Attribute) and called.attr in WRITING and _is_about(called.value, known)
    ) or (isinstance(called, ast.Attribute) and called.attr in MODELS)


def _is_about(expression: ast.expr, known: set[str]) -> bool:
    """Follow a chain such as `a.b(…).c` to what it begins with; arguments do not count."""
    match expression:
        case ast.Name(id=name):
            return name in MODELS or name in known
        case ast.Attribute(attr=name) if name in OUTWARDS:
            return False
        case ast.Attribute(attr=name) if name in INWARDS or name in MODELS:
            return True
        case (
            ast.Attribute(value=inner)
            | ast.Subscript(value=inner)
            | ast.Call(func=inner)
            | ast.Await(value=inner)
        ):
            return _is_about(inner, known)
        case _:
            return False


def _names_of_memberships(tree: ast.Module) -> set[str]:
    """Collect names that hold memberships, anywhere in a file: annotated, assigned or looped over."""
    known: set[str] = set()
    while True:
        before = len(known)
        for node in ast.walk(tree):
            known |= _named(node, known)
        if len(known) == before:
            return known


def _named(node: ast.AST, known: set[str]) -> set[str]:
    match node:
        case ast.arg(arg=name, annotation=ast.expr() as annotation) if _mentions_a_model(annotation):
            return {name}
        case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation) if _mentions_a_model(annotation):
            return {name}
        case ast.Assign(targets=targets, value=value) if _is_about(value, known):
            return {target.id for target in targets if isinstance(target, ast.Name)}
        case ast.NamedExpr(target=ast.Name(id=name), value=value) if _is_about(value, known):
            return {name}
        case (
            ast.For(target=ast.Name(id=name), iter=value)
            | ast.comprehension(target=ast.Name(id=name), iter=value)
        ) if _is_about(value, known):
            return {name}
        case _:
            return set()


def _mentions_a_model(annotation: ast.expr) -> bool:
    return any(name in ast.unparse(annotation) for name in MODELS)
