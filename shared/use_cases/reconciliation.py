"""One run of reconciliation: it checks the credential, sweeps or compares everything, and records the verdict."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from shared.domain.calendar import as_of
from shared.domain.runs import RunFailedError, RunResult, RunState, Verdict, degrade, failed_verdict
from shared.use_cases.check_credential import checked
from shared.use_cases.compare_website import compare_website
from shared.use_cases.ending import ending, publishing
from shared.use_cases.start_run import start_run
from shared.use_cases.sweep import Sweep

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from datetime import timedelta
    from uuid import UUID

    from shared.domain.comparison import Acceptance
    from shared.domain.credentials.credential import Health
    from shared.ports import Comparison, QueueDepths, Reconciliation, Report, Runs, SyncQueue, SyncState, WebsiteReader


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconciliationPorts:
    """The ports of a run of reconciliation. A row that was written less than `settling` ago is left alone."""

    runs: Runs
    reconciliation: Reconciliation
    comparing: Callable[[], AbstractContextManager[Comparison]]
    reader: WebsiteReader
    state: SyncState
    depths: QueueDepths
    queue: SyncQueue
    settling: timedelta
    check_credential: Callable[[], Health]
    publish_alerts: Callable[[str], object]


def reconcile(
    mode: Literal["sweep", "full"],
    scheduled_at: datetime,
    request_id: str,
    *,
    acceptance: Acceptance | None = None,
    ports: ReconciliationPorts,
    report: Report,
    time_left: Callable[[], float],
) -> RunResult:
    """Check the credential, sweep or compare everything, record how the run ended, and publish alerts.

    `acceptance`: an operator confirms that the website really returned this few rows.
    `time_left`: the seconds that this function still has.
    Raises RunFailedError when the run failed, so that the invocation fails too, ScheduledAheadError for a time that has
    not come, and ConnectionLostError when the database is gone.
    """
    function, runs = f"reconciliation_{mode}", ports.runs
    with publishing(function, ports.publish_alerts):
        run_id = start_run(function, scheduled_at, request_id, runs=runs, report=report, by_the_clock_too=True)
        with ending(function, run_id, runs, report):
            health = checked(ports.check_credential, function, as_of(scheduled_at, "Europe/Oslo"), report)
        try:
            if mode == "full":
                verdict = _compare(run_id, acceptance, ports, report, time_left)
            else:
                verdict = _sweep(run_id, ports, report, time_left, recovered=health.recovered)
        except Exception as error:  # noqa: BLE001 - a run records how it ended, even if its connection died (I18)
            verdict = failed_verdict(error)
        verdict = degrade(verdict, health.degrading_codes(), health.website_codes())
        runs.finish(run_id, verdict)
        report.run(function, run_id, verdict)
    if verdict.state is RunState.FAILED:
        raise RunFailedError(verdict.reason)
    return RunResult(run_id, verdict, 0)


def _compare(
    run_id: UUID,
    acceptance: Acceptance | None,
    ports: ReconciliationPorts,
    report: Report,
    time_left: Callable[[], float],
) -> Verdict:
    return compare_website(
        run_id,
        comparing=ports.comparing,
        reconciliation=ports.reconciliation,
        reader=ports.reader,
        queue=ports.queue,
        report=report,
        now=lambda: datetime.now(UTC),
        time_left=time_left,
        acceptance=acceptance,
    )


def _sweep(
    run_id: UUID, ports: ReconciliationPorts, report: Report, time_left: Callable[[], float], *, recovered: bool
) -> Verdict:
    return Sweep(
        reconciliation=ports.reconciliation,
        comparing=ports.comparing,
        reader=ports.reader,
        state=ports.state,
        depths=ports.depths,
        queue=ports.queue,
        report=report,
        settling=ports.settling,
        time_left=time_left,
    ).run(run_id, recovered=recovered)
