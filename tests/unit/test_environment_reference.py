"""The reference lists every setting, and no other."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from adieu.kit.environment import PREFIX, SECRETS, Environment, read_environment, setting_names

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "settings.md"
HEADINGS = re.findall(r"^### `(\w+)`", REFERENCE.read_text(), re.MULTILINE)


def test_reference_lists_every_setting_once() -> None:
    assert sorted(HEADINGS) == sorted(PREFIX + field.name.upper() for field in fields(Environment))


def test_reference_names_no_other_setting() -> None:
    named = set(re.findall(rf"\b{PREFIX}[A-Z_]*[A-Z]\b", REFERENCE.read_text()))
    assert named <= set(setting_names())


def test_reference_tells_which_may_stand_in_a_file() -> None:
    text = REFERENCE.read_text()
    files = sorted(f"{name}_FILE" for name in SECRETS)
    assert sorted(re.findall(r"^Also as `(\w+_FILE)`", text, re.MULTILINE)) == files


@pytest.mark.parametrize("name", HEADINGS)
def test_default_is_what_the_reference_says(name: str) -> None:
    section = REFERENCE.read_text().partition(f"### `{name}`")[2].partition("\n### ")[0]
    said = re.search(r"^Default: `([^`]+)`", section, re.MULTILINE)
    environment = read_environment({})
    value = getattr(environment, name.removeprefix(PREFIX).lower())
    if said is None:
        # Those whose default is nothing, or depends on the machine, say it in words.
        assert "Default: " in section
        assert not value or name == "ADIEU_WEB_PROCESSES"
        return
    assert str(value).endswith(said[1])
