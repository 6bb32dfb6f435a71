"""The nightly check: bring back who is renewed, claim the reminders that are due, expire who has expired."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.domain.calendar import as_of, looks_at_everyone
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
    judge,
    trouble,
)
from shared.use_cases.check_credential import checked
from shared.use_cases.ending import ending, publishing
from shared.use_cases.start_run import start_run

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date, datetime
    from uuid import UUID

    from shared.domain.credential import Health
    from shared.ports import Listings, Night, Report, Runs, SyncQueue

# Somebody who edits a mentor just now holds the row for a moment, and two transactions may meet in a deadlock: another
# look before the run ends.
_LOOKS = 3
_PAUSE_SECONDS = 1.0
_PAGE = 10_000


def check_expiry(
    scheduled_at: datetime,
    request_id: str,
    *,
    runs: Runs,
    night: Night,
    listings: Listings,
    queue: SyncQueue,
    report: Report,
    pause: Callable[[float], None],
    check_credential: Callable[[], Health],
    publish_alerts: Callable[[str], object],
) -> RunResult:
    """Evaluate the day of `scheduled_at` for every organisation. Safe to repeat, overlap, run late or in any order.

    An organisation whose step raises is set aside and the others go on (I13). Then asks for the sync of every listing
    that the website does not show as it is, so that nothing hangs on the doorbell. The website itself is asked for
    nothing before all of that is done (I18); then whether it lets us in; the alerts that the run ends with say that
    too (I10). Raises RunFailedError, so that Lambda tries again, when no organisation could be evaluated or when
    trying again may help one of them or the sync, ConnectionLostError when the database is gone, and
    ScheduledAheadError for a time that has not come.
    """
    with publishing("expiry_check", publish_alerts):
        run_id = start_run("expiry_check", scheduled_at, request_id, runs=runs, report=report)
        with ending("expiry_check", run_id, runs, report):
            organisations = runs.organisations()
            verdict = combine(
                _check_organisation(
                    run_id, organisation, scheduled_at, runs=runs, night=night, report=report, pause=pause
                )
                for organisation in organisations
            )
            verdict = combine([verdict, *_ask_for_sync(listings, queue, report)])
            health = checked(check_credential, "expiry_check", as_of(scheduled_at, "Europe/Oslo"), report)
            if health.recovered:  # whoever took those requests meanwhile has put them off
                verdict = combine([verdict, *_ask_for_sync(listings, queue, report)])
            verdict = degrade(verdict, health.troubles())
        runs.finish(run_id, verdict)
        report.run("expiry_check", run_id, verdict)
    if verdict.state is RunState.FAILED or verdict.incomplete:
        raise RunFailedError(verdict.reason)
    return RunResult(run_id, verdict, len(organisations))


def _ask_for_sync(listings: Listings, queue: SyncQueue, report: Report) -> list[Verdict]:
    """Ask for whatever the website does not show yet. Answers what went wrong, if anything did."""
    asked, after = 0, None
    try:
        while page := listings.unsynced(after, _PAGE):
            queue.send(page)
            asked, after = asked + len(page), page[-1].mentor_id
    except ConnectionLostError:
        raise
    except CertificationError as error:
        return [trouble(error)]
    finally:
        report.work("expiry_check", {"sync_requested": asked})
    return []


def _check_organisation(
    run_id: UUID,
    organisation: Organisation,
    scheduled_at: datetime,
    *,
    runs: Runs,
    night: Night,
    report: Report,
    pause: Callable[[float], None],
) -> Verdict:
    day = None
    counts: dict[tuple[str, str], Count] = {}
    try:
        day = as_of(scheduled_at, organisation.timezone)
        runs.start_organisation(run_id, organisation.id, day)
        for step in Step:
            for count in _carry_out(step, organisation, day, run_id, night=night, pause=pause):
                counts[count.measure, count.detail] = count
        verdict = judge(counts.values())
    except ConnectionLostError:
        raise
    except Exception as error:  # noqa: BLE001 - one organisation's trouble is not the others' (I13)
        report.trouble(run_id, organisation, error)
        verdict = trouble(error)
        if day is None:
            runs.start_organisation(run_id, organisation.id, None)
    runs.finish_organisation(run_id, organisation.id, verdict)
    report.organisation(run_id, organisation, day, tuple(counts.values()), verdict)
    return verdict


def _carry_out(
    step: Step, organisation: Organisation, day: date, run_id: UUID, *, night: Night, pause: Callable[[float], None]
) -> Sequence[Count]:
    for look in range(1, _LOOKS + 1):
        try:
            everyone = looks_at_everyone(day) and look == 1
            answer = night.carry_out(step, organisation.id, day, run_id, everyone=everyone)
        except StoreUnavailableError:
            if look == _LOOKS:
                raise
        else:
            busy = any(count.n for count in answer if count.measure.endswith("_skipped_busy"))
            if not busy or look == _LOOKS:
                return answer
        pause(_PAUSE_SECONDS)
    raise AssertionError("the last look answers or raises")
