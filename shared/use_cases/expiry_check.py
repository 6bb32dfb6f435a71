"""The nightly check: it reactivates renewed mentors, claims due reminders and expires mentors past their last day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.domain.calendar import as_of, is_full_scan_day
from shared.domain.errors import CertificationError, ConnectionLostError, StoreUnavailableError
from shared.domain.runs import (
    Count,
    Organisation,
    RunFailedError,
    RunResult,
    RunState,
    Step,
    Verdict,
    combine,
    degrade,
    failed_verdict,
    judge,
)
from shared.use_cases.check_credential import checked
from shared.use_cases.ending import ending, publishing
from shared.use_cases.start_run import start_run

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date, datetime
    from uuid import UUID

    from shared.domain.credentials.credential import Health
    from shared.ports import Listings, NightlyCheck, Report, Runs, SyncQueue

# A person who edits a mentor locks its row for a moment, and two transactions may deadlock. Both pass, so a step is
# attempted again within the run.
_ATTEMPTS = 3
_PAUSE_SECONDS = 1.0
_PAGE = 10_000


def check_expiry(
    scheduled_at: datetime,
    request_id: str,
    *,
    runs: Runs,
    nightly_check: NightlyCheck,
    listings: Listings,
    queue: SyncQueue,
    report: Report,
    pause: Callable[[float], None],
    check_credential: Callable[[], Health],
    publish_alerts: Callable[[str], object],
) -> RunResult:
    """Evaluate the day of `scheduled_at` for every organisation. Safe to repeat, overlap, run late or in any order.

    An organisation whose step raises fails alone and the others go on (I13). Then a sync is requested of every listing
    that the website does not show as it is, so that nothing depends on the webhook. The website is contacted only after
    all of that (I18), to check that it authorises us. The alerts at the end of the run include that result (I10).

    Raises RunFailedError when no organisation could be evaluated, or when another try may help one of them or the sync:
    Lambda then tries again. Raises ConnectionLostError when the database is gone, and ScheduledAheadError for a time
    that has not come.
    """
    with publishing("expiry_check", publish_alerts):
        run_id = start_run("expiry_check", scheduled_at, request_id, runs=runs, report=report)
        with ending("expiry_check", run_id, runs, report):
            organisations = runs.organisations()
            verdict = combine(
                _check_organisation(
                    run_id,
                    organisation,
                    scheduled_at,
                    runs=runs,
                    nightly_check=nightly_check,
                    report=report,
                    pause=pause,
                )
                for organisation in organisations
            )
            verdict = combine([verdict, *_ask_for_sync(listings, queue, report)])
            health = checked(check_credential, "expiry_check", as_of(scheduled_at, "Europe/Oslo"), report)
            if health.recovered:  # a worker that took those requests before the recovery has put them off
                verdict = combine([verdict, *_ask_for_sync(listings, queue, report)])
            verdict = degrade(verdict, health.degrading_codes(), health.website_codes())
        runs.finish(run_id, verdict)
        report.run("expiry_check", run_id, verdict)
    if verdict.state is RunState.FAILED or verdict.incomplete:
        raise RunFailedError(verdict.reason)
    return RunResult(run_id, verdict, len(organisations))


def _ask_for_sync(listings: Listings, queue: SyncQueue, report: Report) -> list[Verdict]:
    """Request a sync of every listing that the website does not show as it is. Return what went wrong, if anything."""
    requested, after = 0, None
    try:
        while page := listings.unsynced(after, _PAGE):
            queue.send(page)
            requested, after = requested + len(page), page[-1].mentor_id
    except ConnectionLostError:
        raise
    except CertificationError as error:
        return [failed_verdict(error)]
    finally:
        report.work("expiry_check", {"sync_requested": requested})
    return []


def _check_organisation(
    run_id: UUID,
    organisation: Organisation,
    scheduled_at: datetime,
    *,
    runs: Runs,
    nightly_check: NightlyCheck,
    report: Report,
    pause: Callable[[float], None],
) -> Verdict:
    day = None
    counts: dict[tuple[str, str], Count] = {}
    try:
        day = as_of(scheduled_at, organisation.timezone)
        runs.start_organisation(run_id, organisation.id, day)
        for step in Step:
            for count in _run_step(step, organisation, day, run_id, nightly_check=nightly_check, pause=pause):
                counts[count.measure, count.detail] = count
        verdict = judge(counts.values())
    except ConnectionLostError:
        raise
    except Exception as error:  # noqa: BLE001 - one organisation's failure must not stop the others (I13)
        report.organisation_failed(run_id, organisation, error)
        verdict = failed_verdict(error)
        if day is None:
            runs.start_organisation(run_id, organisation.id, None)
    runs.finish_organisation(run_id, organisation.id, verdict)
    report.organisation(run_id, organisation, day, tuple(counts.values()), verdict)
    return verdict


def _run_step(
    step: Step,
    organisation: Organisation,
    day: date,
    run_id: UUID,
    *,
    nightly_check: NightlyCheck,
    pause: Callable[[float], None],
) -> Sequence[Count]:
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            everyone = is_full_scan_day(day) and attempt == 1
            result = nightly_check.run_step(step, organisation.id, day, run_id, everyone=everyone)
        except StoreUnavailableError:
            if attempt == _ATTEMPTS:
                raise
        else:
            busy = any(count.n for count in result if count.measure.endswith("_skipped_busy"))
            if not busy or attempt == _ATTEMPTS:
                return result
        pause(_PAUSE_SECONDS)
    raise AssertionError("the last attempt returns or raises")
