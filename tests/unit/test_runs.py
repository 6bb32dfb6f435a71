"""What a run is said to be when it ends (I12, I13)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from shared.domain.errors import QueueUnavailableError, WebsiteAuthError, WebsiteUnavailableError
from shared.domain.runs import DEGRADING, Count, RunResult, RunState, Verdict, combine, degrade, failed_verdict, judge

FINE, FAILED = Verdict(RunState.SUCCEEDED), Verdict(RunState.FAILED, "unknown_timezone")


@pytest.mark.parametrize("measure", sorted(DEGRADING))
def test_whatever_failed_degrades_the_run_and_is_named(measure: Any) -> None:
    """I13: and a zero of it does not."""
    assert judge([Count(measure, "", 1), Count("reminders_due", "30", 5)]) == Verdict(RunState.DEGRADED, measure)
    assert judge([Count(measure, "", 0)]) == FINE


def test_several_reasons_are_each_named_once() -> None:
    """In an order that does not change from night to night."""
    counts = [Count("unnotified", "remind", 1), Count("unnotified", "expire", 2), Count("step_failures", "expire", 1)]
    assert judge(counts).reason == "step_failures,unnotified"


@pytest.mark.parametrize(
    ("verdicts", "whole"),
    [
        ([], FINE),
        ([FINE, FINE], FINE),
        ([FAILED, FAILED], FAILED),
        ([FINE, FAILED], Verdict(RunState.DEGRADED, "unknown_timezone")),
        (
            [FAILED, Verdict(RunState.DEGRADED, "unnotified,step_failures")],
            Verdict(RunState.DEGRADED, "step_failures,unknown_timezone,unnotified"),
        ),
    ],
)
def test_a_run_failed_only_if_every_organisation_did(verdicts: Any, whole: Any) -> None:
    """I13: one that went well, or in part, makes it degraded."""
    assert combine(verdicts) == whole


@pytest.mark.parametrize(
    ("error", "of_website"),
    [
        (WebsiteUnavailableError("no_time_left"), {"no_time_left"}),
        (WebsiteAuthError("entra_7000215"), {"entra_7000215"}),
        (QueueUnavailableError("dataverse_is_no_queue"), set()),
        (KeyError("website"), set()),
    ],
)
def test_the_kind_of_error_says_what_the_website_caused(error: Any, of_website: Any) -> None:
    """I10: an alert of the outage is enough then; what the code looks like decides nothing."""
    verdict = failed_verdict(error)
    assert verdict.website_codes == of_website
    assert combine([verdict, FAILED]).website_codes == of_website
    assert degrade(verdict, {"a", "b"}, {"b"}).website_codes == of_website | {"b"}


def test_the_response_holds_ids_codes_and_numbers() -> None:
    """I11: and can be written as JSON."""
    result = RunResult(UUID(int=7), Verdict(RunState.DEGRADED, "unnotified"), 3)
    assert result.as_json() == {
        "run_id": str(UUID(int=7)),
        "state": "degraded",
        "reason": "unnotified",
        "organisations": 3,
    }
