"""docs/dataverse-emulator.md leaves nothing out: every choice, address, fault and setting of the emulator is in it."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import pytest

from emulators.dataverse.control.handlers import HANDLERS
from emulators.dataverse.faults.rules import FaultKind, Rule
from emulators.dataverse.model import choices
from emulators.dataverse.model.schema_file import load
from emulators.dataverse.settings import EmulatorSettings
from emulators.dataverse.website.definition import load as load_site
from tests.support.there import there

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "dataverse-emulator.md").read_text(encoding="utf-8")


def section(heading: str) -> str:
    found = re.search(rf"^## {heading}$(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, heading
    return found[1]


def rows(text: str) -> list[str]:
    return re.findall(r"^\| `([^`]+)`", text, re.MULTILINE)


def test_every_choice_is_reported_and_no_other() -> None:
    assert sorted(rows(section("What is not known"))) == sorted(name for name in vars(choices) if name.isupper())


def grounds() -> dict[str, str]:
    """Choice to the comment above it, or above the choices that it stands together with."""
    found: dict[str, str] = {}
    for block in (ROOT / "emulators" / "dataverse" / "model" / "choices.py").read_text(encoding="utf-8").split("\n\n"):
        comment = " ".join(line.removeprefix("# ") for line in block.splitlines() if line.startswith("# "))
        found |= dict.fromkeys(re.findall(r"^([A-Z_0-9]+): Final", block, re.MULTILINE), comment)
    return found


def test_every_choice_has_its_source_or_is_unknown() -> None:
    """In the code and in the document, and both say the same."""
    table = re.findall(r"^\| `([A-Z_0-9]+)` \| (\S.*?) \| (\S.*?) \|$", section("What is not known"), re.MULTILINE)
    reported = {name: source for name, _, source in table}
    assert reported.keys() == grounds().keys()
    for name, comment in grounds().items():
        known, unknown = "Source: " in comment, "Unknown" in comment
        assert known != unknown, (name, comment)
        assert reported[name].startswith("unknown") == unknown, name
        said = comment.partition("Source: " if known else "Unknown")[2].strip(" ;.")
        assert said == reported[name].removeprefix("unknown").strip(" ;."), name


def test_every_choice_is_one_that_is_asked() -> None:
    """A choice that nothing asks for would be a sentence without a meaning."""
    asked = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "emulators" / "dataverse").rglob("*.py"))
    for name in grounds():
        assert f"choices.{name}" in asked, name


def test_every_address_of_the_control_api_is_reported() -> None:
    reported = section("Breaking it")
    for method, name in HANDLERS:
        line = re.search(rf"^\| `\w+ /_emulator/{name}\b.*$", reported, re.MULTILINE)
        assert line, name
        assert method in line[0], (method, name)


@pytest.mark.parametrize("name", [*FaultKind, *(setting.name for setting in dataclasses.fields(EmulatorSettings))])
def test_every_kind_of_fault_and_every_setting_is_reported(name: Any) -> None:
    assert name in rows(section("Breaking it"))


@pytest.mark.parametrize("name", ["where", "method", "path", "contains", "skip", "every", "count", "for_seconds"])
def test_what_a_rule_is_restricted_by_is_reported(name: str) -> None:
    assert name in Rule.model_fields
    assert f"`{name}`" in section("Breaking it")


def test_the_schema_that_is_shown_is_one(tmp_path: Path) -> None:
    file = tmp_path / "schema.json"
    file.write_text(there(re.search(r"```json\n(.*?)```", PAGE, re.DOTALL))[1])
    (table,) = load(file)
    assert (table.name, len(table.keys), table.status_of_state) == ("cr1_thing", 1, {0: 1, 1: 2})
    assert there(load_site(file)).set == table.set_name


def test_the_rules_that_are_shown_are_ones() -> None:
    shown = re.findall(r"faults -d '(\{.*?\})'", PAGE)
    assert shown
    for rule in shown:
        Rule.model_validate(json.loads(rule))
