"""docs/dataverse-faults.md leaves out no field of limits, rules, credentials, the summary, the website."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args

import pytest

from emulators.dataverse.access.credentials import CredentialChange
from emulators.dataverse.access.protection import Limits, Protection
from emulators.dataverse.faults.journal import Journal
from emulators.dataverse.faults.rules import Rule
from emulators.dataverse.website.definition import ShownColumn, WebsiteDefinition

PAGE = (Path(__file__).parents[2] / "docs" / "dataverse-faults.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| `([^`]+)` \| (\S[^|]*?) *\|", PAGE, re.MULTILINE))
WORDS = set(re.findall(r"`([^`]+)`", re.sub(r"^```.*?^```$", "", PAGE, flags=re.MULTILINE | re.DOTALL)))


def test_every_limit_has_a_row_with_its_default() -> None:
    for name, field in Limits.model_fields.items():
        default = (
            str(field.default).lower() if isinstance(field.default, bool) else f"{field.default}".removesuffix(".0")
        )
        assert ROWS[name].strip("`") == default, name


def test_every_field_of_a_rule_is_described() -> None:
    assert set(Rule.model_fields) <= WORDS


def test_every_action_on_credentials_is_named() -> None:
    assert set(get_args(CredentialChange.model_fields["action"].annotation)) <= WORDS


def test_every_total_of_the_summary_is_named() -> None:
    named = {*Journal().summary(), *Protection().usage()}
    assert named - {"peak_requests_share", "peak_execution_share"} <= WORDS


@pytest.mark.parametrize("word", [*WebsiteDefinition.__dataclass_fields__, *ShownColumn.__dataclass_fields__])
def test_every_word_of_the_website_section_is_in_its_example(word: Any) -> None:
    assert f'"{word}":' in PAGE
