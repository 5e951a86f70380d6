"""Writes the reference pages that the code itself knows best: fields, roles, kinds of activities.

Run it with `.venv/bin/python -m docs.generate`. A test holds the committed pages equal to what this writes.
"""

import argparse
import ast
import os
import tempfile
from collections.abc import Callable, Iterator
from importlib import import_module
from itertools import groupby
from pathlib import Path

from adieu.core.declaring import Exported, Exports, Fate, Fates, Retain, Withheld
from docs.doors import DOORS, NO_DOOR_ADIEU_COMMANDS, NO_DOOR_COMMANDS, NO_DOORS, NO_DOORS_BEGINNING

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "adieu"
REFERENCE = ROOT / "docs" / "reference"

FIELDS_HEAD = """\
# What becomes of each field

This page is written by `docs/generate.py` from the `declarations.py` of every package; do not edit it by hand.
A test walks every field of every table, those of Django and allauth too, and fails when one is not declared.

There are four answers:

- **Erased**: {erase}.
- **Parted**: {anonymize}.
- **Kept**: the field outlives the account; the ground and the end stand beside it.
- **Not personal**: {not_personal}.

The third column says where a person finds the field in the [archive of their data](../how-to/get-your-data.md): in which list,
and in which column of it. Where it is not there, it says why. A test holds every personal field to that, too.

"Erased" does not mean at once for every field. What goes in the one transaction and what goes after it stands in
[What happens when you leave](../explanation/leaving.md).
"""
ROLES_HEAD = """\
# Roles

This page is written by `docs/generate.py` from the one table that the code asks, `src/adieu/tenancy/permissions.py`; do not
edit it by hand.

An organization has owners and members, and so has each project. Somebody can do what any of their places allows: an organization's
owner acts in every project, also where they are not listed. Who has no place in an organization learns nothing of it: its address
and an address that leads nowhere read the same.
"""
COMMANDS_HEAD = """\
# Commands

This page is written by `docs/generate.py` from what the commands say themselves; do not edit it by hand.

Each command takes its settings from the environment ([Settings](settings.md)). The exit code is 0 when it did what was asked, 1 when it refused,
with one line that says why, and 2 when it could not begin.

A word in brackets may be left out. An address is read from standard input wherever that is possible: everybody on a machine
can read the arguments of a command that runs.
"""
ROLES_TAIL = """\
An organization keeps at least one owner at every moment; the database itself refuses the last one's going.
How owners do what they may do stands in [Look after an organization](../how-to/look-after-an-organization.md).
"""
ACTIVITIES_HEAD = """\
# Activities

This page is written by `docs/generate.py` from `src/adieu/activities/kinds.py`; do not edit it by hand.

An activity is one record of something that happened in an organization. It holds what happened, to which thing, when, and which
account did it by its opaque id. It never holds a person's name, address or words. The name of a *thing* is kept as it was;
the name of a *person* is looked up when the log is shown. Whose account is gone is shown as "Deleted account".

Records are only ever added: the database refuses to change or delete one, and a kind or a level that is not listed here.
Owners read, filter and export the log of their organization; why it is built as it is stands in
[How the activity log works](../explanation/activities.md).
"""
ACTIVITIES_TAIL = """\
Levels: `info` is the everyday, `warning` takes something away from somebody or cannot be undone, `error` is something that did not
work and that an owner should know of.
"""
DOORS_HEAD = """\
# Doors

This page is written by `docs/generate.py` from `docs/doors.py`; do not edit it by hand.

A door is a way in which an account or an address could come into being. Each is tried in the tests: with a retired address in
seven spellings; with a table of claims that is gone, forbidden, locked or read-only; and in one order after another of its steps with
those of a deletion: a few in `make test`, in `make test-all` all that can be told apart (`tests/support/footprints.py` says what that
means). A page, an endpoint or a command that is not spoken of here fails the build, and so does code that
writes accounts or addresses past the one function (`lints/doors.py`).
Why a retired address stays refused stands in [Why a deleted address stays refused](../explanation/identity-claims.md).
"""
WORDS = {Fate.ERASE: "Erased", Fate.ANONYMIZE: "Parted", Fate.NOT_PERSONAL: "Not personal"}
BROUGHT_BY = {
    "account": "Comes with allauth.",
    "auth": "Comes with Django.",
    "contenttypes": "Comes with Django.",
}


def packages() -> list[str]:
    """Name the packages that declare fields."""
    return sorted(path.parent.name for path in SOURCE.glob("*/declarations.py"))


def field_page() -> str:
    """Write the whole page."""
    head = FIELDS_HEAD.format(
        erase=Fate.ERASE.value, anonymize=Fate.ANONYMIZE.value, not_personal=Fate.NOT_PERSONAL.value
    )
    return "\n".join([head, *(line for package in packages() for line in _package(package))])


def _package(package: str) -> Iterator[str]:
    declarations = import_module(f"adieu.{package}.declarations")
    fates: Fates = declarations.FATES
    exports: Exports = getattr(declarations, "EXPORTS", {})
    sentences = _sentences(package)
    yield f"## {package}\n"
    for label, fields in fates.items():
        app, _, model = label.partition(".")
        yield f"### {label}\n"
        yield f"{sentences.get(model) or BROUGHT_BY.get(app, '')}\n"
        said = exports.get(label, {})
        yield "| field | what becomes of it | in the archive |\n|---|---|---|"
        yield from (f"| `{name}` | {_said(fate)} | {_place(said.get(name))} |" for name, fate in fields.items())
        yield ""


def _said(fate: Fate | Retain) -> str:
    if isinstance(fate, Retain):
        return f"Kept: {fate.basis}. Until {fate.until}."
    return WORDS[fate]


def _place(export: Exported | Withheld | None) -> str:
    match export:
        case Exported():
            return f"`{export.table}`: `{export.column}`"
        case Withheld():
            return f"No: {export.why}."
        case None:
            return ""


def _sentences(package: str) -> dict[str, str]:
    """Take the first sentence that each model says about itself, without loading Django."""
    tree = ast.parse((SOURCE / package / "models.py").read_text(encoding="utf-8"))
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    return {
        node.name: (ast.get_docstring(node) or "").split("\n\n")[0].replace("\n", " ") for node in classes
    }


def role_page() -> str:
    """Write which place allows what."""
    _set_up()
    from adieu.tenancy.permissions import TABLE, Place  # noqa: PLC0415 - Django is set up only now

    head = [f"| {' | '.join(['permission', *Place])} |", "|---" * (1 + len(Place)) + "|"]
    rows = [
        f"| {' | '.join([permission, *('yes' if place in places else '–' for place in Place)])} |"
        for permission, places in TABLE.items()
    ]
    return "\n".join([ROLES_HEAD, *head, *rows, "", ROLES_TAIL])


def activity_page() -> str:
    """Write which kinds of activities there are."""
    _set_up()
    from adieu.activities.kinds import LEVELS, Kind  # noqa: PLC0415 - Django is set up only now

    lines = [ACTIVITIES_HEAD]
    for subject, kinds in groupby(Kind, key=lambda kind: kind.value.partition(".")[0]):
        lines += [f"## {subject}\n", "| kind | level | what the log says |", "|---|---|---|"]
        lines += [f"| `{kind.value}` | {LEVELS[kind].value} | … {kind.label} |" for kind in kinds]
        lines.append("")
    return "\n".join([*lines, ACTIVITIES_TAIL])


def door_page() -> str:
    """Write which ways in there are, and what is none."""
    lines = [
        DOORS_HEAD,
        "| door | makes | a retired address | the claims cannot be read or written |",
        "|---|---|---|---|",
    ]
    lines += [f"| {door.name} | {door.makes} | {door.retired} | {door.unreadable} |" for door in DOORS]
    for title, column, said in (
        ("Pages that are no doors", "name", NO_DOORS),
        ("What else there is", "begins with", NO_DOORS_BEGINNING),
        ("Commands of Adieu", "command", NO_DOOR_ADIEU_COMMANDS),
        ("Commands of Django", "command", NO_DOOR_COMMANDS),
    ):
        lines += [f"\n## {title}\n", f"| {column} | why it is no door |", "|---|---|"]
        lines += [f"| `{name}` | {why} |" for name, why in said.items()]
    return "\n".join([*lines, ""])


def command_page() -> str:
    """Write which commands there are, as they say it themselves."""
    from adieu.ops.main import parser  # noqa: PLC0415 - it reads no settings; the others do

    lines = [COMMANDS_HEAD]
    for name, command, says in _words(parser()):
        lines += [f"## adieu {name}\n", f"{says}\n"]
        acts = list(_words(command)) or [("", command, "")]
        lines += [line for act, said, about in acts for line in _command(f"{name} {act}".strip(), said, about)]
    return "\n".join(lines)


def _words(said: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser, str]]:
    """Give the words that can follow, each with what it does."""
    for action in said._actions:
        if isinstance(action, argparse._SubParsersAction):
            helps = {each.dest: each.help or "" for each in action._choices_actions}
            yield from ((name, parser, helps[name]) for name, parser in action.choices.items())


def _command(name: str, said: argparse.ArgumentParser, about: str) -> Iterator[str]:
    options = [action for action in said._actions if action.help != argparse.SUPPRESS and action.dest != "help"]
    groups = {action.dest: group for group in said._mutually_exclusive_groups for action in group._group_actions}
    usage = list(dict.fromkeys(_usage(action, groups.get(action.dest)) for action in options))
    yield f"`{' '.join(['adieu', name, *usage])}`" + (f": {about}." if about else "")
    yield ""
    yield from (f"- `{_option(action)}`: {action.help}" for action in options)
    if options:
        yield ""


def _usage(action: argparse.Action, group: argparse._MutuallyExclusiveGroup | None) -> str:
    """Give what is said for one option, or for several of which one is chosen."""
    if group:
        text = " | ".join(map(_option, group._group_actions))
        return f"({text})" if group.required else f"[{text}]"
    is_needed = action.required or not (action.option_strings or action.nargs == "?")
    return _option(action) if is_needed else f"[{_option(action)}]"


def _option(action: argparse.Action) -> str:
    value = action.metavar or "|".join(action.choices or ()) or ("" if action.nargs == 0 else action.dest)
    return " ".join(filter(None, [*action.option_strings[:1], str(value)]))


def _set_up() -> None:
    """Let the code be imported where it is not served: the settings make a data folder."""
    from django.apps import apps  # noqa: PLC0415

    if apps.ready:
        return
    os.environ["ADIEU_DATA_DIR"] = tempfile.mkdtemp(prefix="adieu-docs-")
    os.environ["DJANGO_SETTINGS_MODULE"] = "adieu.config.settings"
    from django import setup  # noqa: PLC0415

    setup()


PAGES: dict[str, Callable[[], str]] = {
    "what-becomes-of-each-field.md": field_page,
    "roles.md": role_page,
    "activities.md": activity_page,
    "doors.md": door_page,
    "commands.md": command_page,
}

if __name__ == "__main__":
    for name, write in PAGES.items():
        (REFERENCE / name).write_text(write(), encoding="utf-8")
