"""What a status of Dataverse means is decided in one module; what leaves it is a typed kind."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from shared.adapters.dataverse.statuses import error_of, error_of_refusal, outcome_of
from shared.domain.errors import WebsiteAuthError, WebsiteMisconfiguredError
from shared.domain.listings import Accepted, Action, Refused, RefusedKind

SHARED = Path(__file__).parents[2] / "shared"
DECIDING = [
    *(
        path
        for folder in ("domain", "use_cases")
        for path in (SHARED / folder).rglob("*.py")
        if "wording" not in path.parts
    ),
    *(SHARED / "database" / "functions").glob("*.sql"),
]
KINDS = [
    (400, "0x80044331", RefusedKind.BAD_REQUEST),
    (403, "0x80040220", RefusedKind.FORBIDDEN),
    (404, "0x8006088a", RefusedKind.NO_SUCH_TABLE),
    (404, "0x80060888", RefusedKind.NOT_FOUND),
    (404, "0x80060891", RefusedKind.NOT_FOUND),
    (412, "0x80040333", RefusedKind.OTHER),
    (405, "", RefusedKind.OTHER),
]


@pytest.mark.parametrize(("status", "code", "kind"), KINDS)
def test_a_refusal_says_its_kind(status: Any, code: Any, kind: Any) -> None:
    outcome = outcome_of(Action.PUBLISH, status, code, None)
    assert isinstance(outcome, Refused)
    assert outcome.kind is kind


@pytest.mark.parametrize(("status", "code", "kind"), KINDS)
def test_a_reading_that_fails_says_its_kind(status: Any, code: Any, kind: Any) -> None:
    error = error_of(status, code, None)
    assert isinstance(error, WebsiteMisconfiguredError)
    assert error.kind is kind


def test_only_a_lacking_privilege_is_about_us() -> None:
    assert type(error_of_refusal(Refused("r", RefusedKind.FORBIDDEN))) is WebsiteAuthError
    assert type(error_of_refusal(Refused("r", RefusedKind.BAD_REQUEST))) is WebsiteMisconfiguredError


@pytest.mark.parametrize(
    ("code", "hidden"), [("0x80060891", True), ("", True), ("0x8006088a", False), ("0x80060888", False)]
)
def test_a_404_to_a_hide_is_success_where_the_table_was_read(code: str, hidden: bool) -> None:
    """I8: and never to a publish."""
    assert isinstance(outcome_of(Action.HIDE, 404, code, None), Accepted) is hidden
    assert isinstance(outcome_of(Action.PUBLISH, 404, code, None), Refused)


@pytest.mark.parametrize("path", DECIDING, ids=lambda path: path.name)
def test_no_rule_matches_a_code_of_dataverse(path: Any) -> None:
    """They are for people; comments and the words for people may name them."""
    lines = [line for line in path.read_text("utf-8").splitlines() if not re.match(r"\s*(#|--|\"\"\")", line)]
    assert [line for line in lines if re.search(r"[\"']dataverse_[0-9%]|0x[0-9a-f]{8}[\"']", line)] == []
