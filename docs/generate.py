"""Writes the page that says what becomes of each field, from what the packages declare.

Run it with `.venv/bin/python -m docs.generate`. A test holds the committed page equal to what this writes.
"""

import ast
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from adieu.core.declaring import Fate, Fates, Retain

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "adieu"
PAGE = ROOT / "docs" / "reference" / "what-becomes-of-each-field.md"

HEAD = """\
# What becomes of each field

This page is written by `docs/generate.py` from the `declarations.py` of every package; do not edit it by hand.
A test walks every field of every table, those of Django and allauth too, and fails when one is not declared.

There are four answers:

- **Erased**: {erase}.
- **Parted**: {anonymize}.
- **Kept**: the field outlives the account; the ground and the end stand beside it.
- **Not personal**: {not_personal}.

"Erased" does not mean at once for every field. What goes in the one transaction and what goes after it stands in
[What happens when you leave](../explanation/leaving.md).
"""
WORDS = {Fate.ERASE: "Erased", Fate.ANONYMIZE: "Parted", Fate.NOT_PERSONAL: "Not personal"}
BROUGHT_BY = {"account": "Comes with allauth.", "auth": "Comes with Django.", "contenttypes": "Comes with Django."}


def packages() -> list[str]:
    """Name the packages that declare fields."""
    return sorted(path.parent.name for path in SOURCE.glob("*/declarations.py"))


def field_page() -> str:
    """Write the whole page."""
    head = HEAD.format(
        erase=Fate.ERASE.value, anonymize=Fate.ANONYMIZE.value, not_personal=Fate.NOT_PERSONAL.value
    )
    return "\n".join([head, *(line for package in packages() for line in _package(package))])


def _package(package: str) -> Iterator[str]:
    fates: Fates = import_module(f"adieu.{package}.declarations").FATES
    sentences = _sentences(package)
    yield f"## {package}\n"
    for label, fields in fates.items():
        app, _, model = label.partition(".")
        yield f"### {label}\n"
        yield f"{sentences.get(model) or BROUGHT_BY.get(app, '')}\n"
        yield "| field | what becomes of it |\n|---|---|"
        yield from (f"| `{name}` | {_said(fate)} |" for name, fate in fields.items())
        yield ""


def _said(fate: Fate | Retain) -> str:
    if isinstance(fate, Retain):
        return f"Kept: {fate.basis}. Until {fate.until}."
    return WORDS[fate]


def _sentences(package: str) -> dict[str, str]:
    """Take the first sentence that each model says about itself, without loading Django."""
    tree = ast.parse((SOURCE / package / "models.py").read_text(encoding="utf-8"))
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    return {node.name: (ast.get_docstring(node) or "").split("\n\n")[0].replace("\n", " ") for node in classes}


if __name__ == "__main__":
    PAGE.write_text(field_page(), encoding="utf-8")
