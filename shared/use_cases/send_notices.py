"""The sending of notices, one at a time: claim it, send it, settle it (I4)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shared.domain.calendar import as_of, is_daytime
from shared.domain.errors import ConnectionLostError
from shared.domain.mail.notices import Outcome, Sent, ServiceRefused, Throttled, Undeliverable, Unknown
from shared.domain.runs import (
    Count,
    Organisation,
    RunFailedError,
    RunResult,
    RunState,
    Verdict,
    combine,
    failed_verdict,
    judge,
)
from shared.use_cases.ending import ending, publishing
from shared.use_cases.start_run import start_run

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta
    from uuid import UUID

    from shared.ports import Mailer, Outbox, Report, Runs

# After this many lost replies in a row the mail service is at fault: stop before more notices have an unknown outcome.
_MOST_UNKNOWN_OUTCOMES = 3
# SES words a refusal the same whether the recipient or the account is at fault (an unverified sender, the sandbox).
# Until SES has accepted a message in this run, refused notices are given back; after this many, the run stops.
_REFUSALS = 5
# The longest that sending one message can take (shared.adapters.aws.ses), plus settling it and recording the counts.
_RESERVE_SECONDS = 40.0


def send_notices(
    scheduled_at: datetime,
    request_id: str,
    *,
    runs: Runs,
    outbox: Outbox,
    mailer: Mailer,
    report: Report,
    time_left: Callable[[], float],
    now: datetime,
    stuck_after: timedelta,
    publish_alerts: Callable[[str], object],
) -> RunResult:
    """Send what is pending for every organisation where it is daytime.

    Mentors come first, so that each coordinator's digest can report what could not be delivered in the same run.
    Claims older than `stuck_after` are reported, never sent again. A run scheduled for a day before the last nightly
    check sends nothing, because it would count the days left wrongly.

    Raises RunFailedError when the run failed or another try may help. If the mail service refuses altogether, no notice
    is lost: they are pending again. Raises ScheduledAheadError for a time that has not come.
    """
    with publishing("send_notices", publish_alerts):
        run_id = start_run("send_notices", scheduled_at, request_id, runs=runs, report=report)
        verdicts, state = [], _Service()
        with ending("send_notices", run_id, runs, report):
            organisations = runs.organisations()
            for organisation in organisations:
                sender = _Sender(run_id, organisation, scheduled_at, outbox, mailer, time_left, state)
                verdicts.append(_send_for(sender, runs, report, stuck_before=now - stuck_after))
        verdict = Verdict(RunState.FAILED, state.refused) if state.refused else combine(verdicts)
        runs.finish(run_id, verdict)
        report.run("send_notices", run_id, verdict)
    if verdict.state is RunState.FAILED or verdict.incomplete:
        raise RunFailedError(verdict.reason)
    return RunResult(run_id, verdict, len(organisations))


@dataclass
class _Service:
    """The state of the mail service, as far as this run has seen it."""

    accepted: bool = False
    refused: str | None = None
    throttled: bool = False
    unknown_outcomes: int = 0
    refusals: int = 0

    @property
    def usable(self) -> bool:
        return self.refused is None and not self.throttled and self.unknown_outcomes < _MOST_UNKNOWN_OUTCOMES


@dataclass
class _Sender:
    """The sender for one organisation. It stops when nothing is left, time is up, or the service takes no more."""

    run_id: UUID
    organisation: Organisation
    scheduled_at: datetime
    outbox: Outbox
    mailer: Mailer
    time_left: Callable[[], float]
    service: _Service
    _refusals: list[tuple[int, Undeliverable]] = field(default_factory=list, init=False)

    def send_all(self) -> None:
        """Send the notices to mentors first, so that the digests can report the mentors that SES refused."""
        if not is_daytime(self.scheduled_at, self.organisation.timezone):
            return
        self._send_pending(digests=False)
        self.outbox.complete_digests(self.run_id, self.organisation.id)
        self._send_pending(digests=True)

    def _send_pending(self, *, digests: bool) -> None:
        today = as_of(self.scheduled_at, self.organisation.timezone)
        while self.service.usable and self.time_left() > _RESERVE_SECONDS:
            notice = self.outbox.claim(self.run_id, self.organisation.id, today, digests=digests)
            if notice is None:
                return
            self._settle(notice.id, self.mailer.send(notice))

    def _settle(self, notice_id: int, outcome: Outcome) -> None:
        service = self.service
        service.unknown_outcomes = service.unknown_outcomes + 1 if isinstance(outcome, Unknown) else 0
        match outcome:
            case Undeliverable(reason, ambiguous=True) if not service.accepted:
                self._refusals.append((notice_id, outcome))
                self.outbox.settle(notice_id, self.run_id, ServiceRefused(reason))
                service.refusals += 1
                if service.refusals >= _REFUSALS:
                    service.refused = reason
                return
            case Sent():
                service.accepted = True
            case ServiceRefused(reason):
                service.refused = reason
            case Throttled():
                service.throttled = True
            case _:
                pass
        self.outbox.settle(notice_id, self.run_id, outcome)
        if service.accepted:
            self._write_off()

    def _write_off(self) -> None:
        """Settle the earlier refusals as undeliverable: SES accepts mail from us, so the recipients were at fault."""
        for notice_id, outcome in self._refusals:
            self.outbox.settle(notice_id, self.run_id, outcome)
        self._refusals.clear()


def _send_for(sender: _Sender, runs: Runs, report: Report, *, stuck_before: datetime) -> Verdict:
    organisation, run_id = sender.organisation, sender.run_id
    day = None
    counts: tuple[Count, ...] = ()
    try:
        day = as_of(sender.scheduled_at, organisation.timezone)
        runs.start_organisation(run_id, organisation.id, day)
        sender.send_all()
        counts = tuple(sender.outbox.count(run_id, organisation.id, stuck_before=stuck_before))
        verdict = judge(counts)
    except ConnectionLostError:
        raise
    except Exception as error:  # noqa: BLE001 - one organisation's failure must not stop the others (I13)
        report.organisation_failed(run_id, organisation, error)
        verdict = failed_verdict(error)
        if day is None:
            runs.start_organisation(run_id, organisation.id, None)
    runs.finish_organisation(run_id, organisation.id, verdict)
    report.organisation(run_id, organisation, day, counts, verdict)
    return verdict
