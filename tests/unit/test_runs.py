"""What a run is said to be when it ends (I12, I13)."""

from __future__ import annotations

from uuid import UUID

import pytest

from shared.domain.runs import _DEGRADING, Count, RunResult, RunState, Verdict, combine, judge

FINE, FAILED = Verdict(RunState.SUCCEEDED), Verdict(RunState.FAILED, "unknown_timezone")


@pytest.mark.parametrize("measure", sorted(_DEGRADING))
def test_whatever_was_set_aside_degrades_the_run_and_is_named(measure):
    """I13: and a zero of it does not."""
    assert judge([Count(measure, "", 1), Count("reminders_due", "30", 5)]) == Verdict(RunState.DEGRADED, measure)
    assert judge([Count(measure, "", 0)]) == FINE


def test_several_reasons_are_each_named_once():
    """In an order that does not change from night to night."""
    counts = [Count("untold", "remind", 1), Count("untold", "expire", 2), Count("set_aside", "expire", 1)]
    assert judge(counts).reason == "set_aside,untold"


@pytest.mark.parametrize(
    ("verdicts", "whole"),
    [
        ([], FINE),
        ([FINE, FINE], FINE),
        ([FAILED, FAILED], FAILED),
        ([FINE, FAILED], Verdict(RunState.DEGRADED, "unknown_timezone")),
        (
            [FAILED, Verdict(RunState.DEGRADED, "untold,set_aside")],
            Verdict(RunState.DEGRADED, "set_aside,unknown_timezone,untold"),
        ),
    ],
)
def test_a_run_failed_only_if_every_organisation_did(verdicts, whole):
    """I13: one that went well, or in part, makes it degraded."""
    assert combine(verdicts) == whole


def test_the_answer_holds_ids_codes_and_numbers():
    """I11: and can be written as JSON."""
    result = RunResult(UUID(int=7), Verdict(RunState.DEGRADED, "untold"), 3)
    assert result.as_json() == {"run_id": str(UUID(int=7)), "state": "degraded", "reason": "untold", "organisations": 3}
