"""The opening of a run, refused when its scheduled time cannot be right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.domain.errors import ScheduledAheadError
from shared.domain.runs import RunState, Verdict
from shared.use_cases.ending import ending

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from shared.ports import Report, Runs


def start_run(
    function: str,
    scheduled_at: datetime,
    request_id: str,
    *,
    runs: Runs,
    report: Report,
    by_the_clock_too: bool = False,
) -> UUID:
    """Open a run and return its id.

    Raises ScheduledAheadError for a time that has not come, because a run at that time would use up for good what
    becomes due until then. Only a failed run is recorded in that case, so that operations is notified.
    `by_the_clock_too`: this run evaluates no day, so the clock counts as well when the local stack simulates a day in
    the past.
    """
    run_id = runs.start(function, scheduled_at, request_id)
    with ending(function, run_id, runs, report):
        latest = runs.latest_scheduled_time(by_the_clock_too=by_the_clock_too)
    if scheduled_at <= latest:
        return run_id
    verdict = Verdict(RunState.FAILED, ScheduledAheadError.CODE)
    runs.finish(run_id, verdict)
    report.run(function, run_id, verdict)
    raise ScheduledAheadError(scheduled_at, latest)
