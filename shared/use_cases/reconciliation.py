"""One run of reconciliation: the credential first, then a sweep or a full comparison, then the verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.domain.calendar import as_of
from shared.domain.runs import RunFailedError, RunResult, RunState, Verdict, degrade, trouble
from shared.use_cases.check_credential import checked
from shared.use_cases.ending import ending
from shared.use_cases.start_run import start_run

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from uuid import UUID

    from shared.domain.credential import Health
    from shared.ports import Report, Runs


def reconcile(
    function: str,
    scheduled_at: datetime,
    request_id: str,
    *,
    runs: Runs,
    check: Callable[[], Health],
    work: Callable[[UUID, Health], Verdict],
    report: Report,
) -> RunResult:
    """Try the credential, do the work of `function`, write down how it went.

    Raises RunFailedError when it failed, so that Lambda says so too, ScheduledAheadError for a time that has not come,
    and ConnectionLostError when the database is gone.
    """
    run_id = start_run(function, scheduled_at, request_id, runs=runs, report=report, by_the_clock_too=True)
    with ending(function, run_id, runs, report):
        health = checked(check, function, as_of(scheduled_at, "Europe/Oslo"), report)
    try:
        verdict = work(run_id, health)
    except Exception as error:  # noqa: BLE001 - a run that ends says how, also where its connection died (I18)
        verdict = trouble(error)
    verdict = degrade(verdict, health.troubles())
    runs.finish(run_id, verdict)
    report.run(function, run_id, verdict)
    if verdict.state is RunState.FAILED:
        raise RunFailedError(verdict.reason)
    return RunResult(run_id, verdict, 0)
