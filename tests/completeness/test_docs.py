"""The documentation says what the code does: what can be compared is compared."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from adieu.activities.kinds import LEVELS
from adieu.api.v1.refusals import STATUS_OF, code_of
from adieu.api.v1.service import api
from adieu.tenancy.permissions import TABLE
from docs.generate import PAGES as GENERATED
from docs.generate import REFERENCE

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
SOURCE = ROOT / "src" / "adieu"
PAGES = sorted(DOCS.rglob("*.md"))
# What a reader meets in the repository itself.
OUTSIDE = [
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    SOURCE / "deletion" / "README.md",
    SOURCE / "clusters" / "README.md",
]
DECISIONS = sorted(DOCS.glob("decisions/[0-9]*.md"))

# Folders of this repository; a path in a page that starts with one of them has to be there.
OURS = r"`((?:src|tests|docs|bin|lints)/[\w./-]*)`"
CHAPTERS = ["Context", "Decision", "Consequences", "Alternatives", "Enforced by"]


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def read(page: str) -> str:
    return (DOCS / page).read_text(encoding="utf-8")


def rows(page: str) -> Iterator[list[str]]:
    """Give the rows of all tables of a page, without code marks."""
    for line in read(page).splitlines():
        if line.startswith("| "):
            yield [cell.strip().strip("`") for cell in line.strip("|").split(" | ")]


def test_every_page_is_in_the_nav() -> None:
    nav = re.findall(
        r"^ +- .*?([\w/-]+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert sorted(nav) == [page.relative_to(DOCS).as_posix() for page in PAGES]


@pytest.mark.parametrize("page", [*PAGES, *OUTSIDE], ids=name_of)
def test_every_file_that_a_page_names_is_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", text)
    missing = {link for link in links if not (page.parent / link).exists()}
    missing |= {path for path in re.findall(OURS, text) if not (ROOT / path).exists()}
    assert not missing


@pytest.mark.parametrize("page", GENERATED)
def test_a_page_that_the_code_writes_is_up_to_date(page: str) -> None:
    """To fix this: `.venv/bin/python -m docs.generate`."""
    assert (REFERENCE / page).read_text(encoding="utf-8") == GENERATED[page]()


def test_every_kind_of_activity_is_documented_with_its_level() -> None:
    documented = {row[0]: row[1] for row in rows("reference/activities.md") if "." in row[0]}
    assert documented == {kind.value: level.value for kind, level in LEVELS.items()}


def test_every_permission_is_documented_with_who_has_it() -> None:
    documented = {row[0]: row[1:] for row in rows("reference/roles.md")}
    places = documented.pop("permission")
    assert {
        permission: {place for place, cell in zip(places, cells, strict=True) if cell == "yes"}
        for permission, cells in documented.items()
    } == {permission.value: set(may) for permission, may in TABLE.items()}


def test_every_endpoint_is_documented() -> None:
    paths = api.get_openapi_schema()["paths"]
    served = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}
    documented = {row[0] for row in rows("reference/api.md") if re.match(r"[A-Z]+ /api/", row[0])}
    assert documented == served


def test_every_refusal_is_documented_with_its_status() -> None:
    documented = {row[0]: row[1] for row in rows("reference/api.md")}
    assert {code_of(fact): documented.get(code_of(fact)) for fact in STATUS_OF} == {
        code_of(fact): str(status.value) for fact, status in STATUS_OF.items()
    }


def test_every_problem_that_the_code_writes_out_is_documented() -> None:
    written = {
        name
        for path in SOURCE.rglob("*.py")
        if "problem(" in (text := path.read_text(encoding="utf-8"))
        for name in re.findall(r'\bcode="([a-z-]+)"', text)
    }
    assert "limit-reached" in written
    assert not written - {row[0] for row in rows("reference/api.md")}


def test_every_rule_that_the_code_cites_is_explained() -> None:
    explained = {row[0] for row in rows("reference/rules.md")}
    assert not {rule for text in python_of_ours() for rule in rules_in(text)} - explained


@pytest.mark.parametrize("page", [*PAGES, *OUTSIDE], ids=name_of)
def test_every_rule_that_a_page_cites_is_explained(page: Path) -> None:
    assert not rules_in(page.read_text(encoding="utf-8")) - {row[0] for row in rows("reference/rules.md")}


def python_of_ours() -> Iterator[str]:
    for folder in ("src", "tests", "lints"):
        for path in (ROOT / folder).rglob("*.py"):
            yield path.read_text(encoding="utf-8")


def rules_in(text: str) -> set[str]:
    """Find the rules that a text cites, as in `Rule C2` or `Rules A6, A8 and P1`."""
    cited = re.findall(r"\bRules? ((?:[A-Z]\d+(?:, | and | to )?)+)", text)
    return {rule for group in cited for rule in re.findall(r"[A-Z]\d+", group)}


@pytest.mark.parametrize("page", DECISIONS, ids=name_of)
def test_every_decision_has_the_same_chapters(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == CHAPTERS
    assert re.search(OURS, text.partition("## Enforced by")[2])


def test_every_dependency_has_a_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    named = {re.split(r"[\[<>=]", each)[0] for each in wanted}
    assert {row[0] for row in rows("decisions/dependencies.md")} - {"package"} == named


@pytest.mark.parametrize("page", [*PAGES, *OUTSIDE], ids=name_of)
def test_a_page_says_what_is_without_words_we_do_not_say(page: Path) -> None:
    found = re.findall(
        r"\b(?:successfully|oops|please|simply)\b|!(?!\[|!| note)", prose_of(page), re.IGNORECASE
    )
    assert not found


def prose_of(page: Path) -> str:
    """Give a page without its code."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"`[^`]*`", "", text)
