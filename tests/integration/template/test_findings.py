"""What `make template-lint` says of a finding that nobody has answered, and of an answer to nothing."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from tests.sam.template_findings import ACCEPTED, unanswered

WHY = "it holds nothing"


def finding(check: str, resource: str) -> dict[str, Any]:
    return {"check_id": check, "resource": f"AWS::SQS::Queue.{resource}", "check_name": "Ensure it"}


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({}, ["CKV_1 Requests: Ensure it: mend it, or answer it in template-findings.toml"]),
        ({"CKV_1": {"why": WHY, "resources": ["Other", "Requests"]}}, ["CKV_1: … answers what is not found: Other"]),
        ({"CKV_1": {"why": WHY, "resources": []}}, ["CKV_1 Requests: Ensure it: mend it, or answer it in …"]),
        ({"CKV_1": {"why": WHY}, "CKV_2": {"why": WHY}}, ["CKV_2: … answers what is not found: all of it"]),
        ({"CKV_1": {"why": " "}}, ["CKV_1: … does not say why"]),
        ({"CKV_1": {"why": WHY}}, []),
        ({"CKV_1": {"why": WHY, "resources": ["Requests"]}}, []),
    ],
)
def test_a_finding_and_its_answer_go_together(answers: dict[str, dict[str, Any]], said: list[str]) -> None:
    lines = list(unanswered([finding("CKV_1", "Requests")], answers))
    assert [line.replace(ACCEPTED.name, "…") for line in lines] == [line.replace(ACCEPTED.name, "…") for line in said]


def test_every_answer_is_a_line_that_says_why() -> None:
    """Of at most one sentence; nothing is switched off for a whole file."""
    known = tomllib.loads(ACCEPTED.read_text(encoding="utf-8"))
    assert known
    for check, answer in known.items():
        assert check.startswith("CKV_")
        assert len(answer["why"]) > len(WHY)
        assert answer.keys() <= {"why", "resources"}
