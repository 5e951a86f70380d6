"""The reference of `/v2` says what the code does."""

import re
from collections.abc import Iterator
from pathlib import Path

from adieu.api.v2.elsewhere import NOT_HERE
from adieu.api.v2.envelope import Code
from adieu.api.v2.service import api

PAGE = Path("docs/reference/zilliz-cloud.md")


def rows() -> Iterator[list[str]]:
    """Give the rows of all tables of the page."""
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("| "):
            yield [cell.strip() for cell in line.strip("|").split(" | ")]


def test_every_route_is_documented() -> None:
    documented = {row[0].strip("`") for row in rows() if re.match(r"`[A-Z]+ /v2", row[0])}
    described = {
        f"{method.upper()} {path}"
        for path, item in api.get_openapi_schema()["paths"].items()
        for method in item
        if "{rest}" not in path
    }
    assert documented == described


def test_every_code_is_documented() -> None:
    assert sorted(row[0] for row in rows() if row[0].isdecimal()) == sorted(str(code.value) for code in Code)


def test_all_that_does_not_fit_is_documented() -> None:
    addresses = [row[0] for row in rows() if re.match(r"`/v2", row[0])]
    documented = {
        tuple(re.sub(r"{\w+}", "*", path).split("/"))
        for cell in addresses
        for path in re.findall(r"`/v2/([\w/{}]+?)(?:/…)?`", cell)
    }
    assert documented == set(NOT_HERE)
