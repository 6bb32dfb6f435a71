"""Sending: claim a notice, send it, settle it, one at a time (I4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.domain.calendar import as_of, is_daytime
from shared.domain.errors import CertificationError, ConnectionLostError
from shared.domain.notices import ServiceRefused, Throttled, Unknown
from shared.domain.runs import Count, Organisation, RunFailedError, RunResult, RunState, Verdict, combine, judge

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta
    from uuid import UUID

    from shared.ports import Mailer, Outbox, Report, Runs

# After so many lost replies in a row the mail service is not well: go no further than these notices in doubt.
_DOUBTS = 3


def send_notices(
    scheduled_at: datetime,
    request_id: str,
    *,
    runs: Runs,
    outbox: Outbox,
    mailer: Mailer,
    report: Report,
    may_go_on: Callable[[], bool],
    now: datetime,
    stuck_after: timedelta,
) -> RunResult:
    """Send what is pending for every organisation where it is day, mentors first, so that each coordinator's digest can
    tell what could not be delivered in the same run.

    Claims older than `stuck_after` are reported, never sent again. Raises RunFailedError when the mail service refuses
    altogether; nothing is lost by that, the notices are pending again.
    """
    run_id = runs.start("send_notices", scheduled_at, request_id)
    organisations = runs.organisations()
    verdicts, stopped = [], None
    for organisation in organisations:
        sender = _Sender(run_id, organisation, scheduled_at, outbox, mailer, may_go_on if stopped is None else _never)
        verdict = _send_for(sender, runs, report, stuck_before=now - stuck_after)
        stopped = stopped or sender.refused
        verdicts.append(verdict)
    verdict = Verdict(RunState.FAILED, stopped) if stopped else combine(verdicts)
    runs.finish(run_id, verdict)
    report.run("send_notices", run_id, verdict)
    if verdict.state is RunState.FAILED:
        raise RunFailedError(verdict.reason)
    return RunResult(run_id, verdict, len(organisations))


def _never() -> bool:
    return False


class _Sender:
    """Sends for one organisation until there is nothing left, the time is up, or the service takes no more."""

    def __init__(
        self,
        run_id: UUID,
        organisation: Organisation,
        scheduled_at: datetime,
        outbox: Outbox,
        mailer: Mailer,
        may_go_on: Callable[[], bool],
    ) -> None:
        self.run_id, self.organisation, self.scheduled_at = run_id, organisation, scheduled_at
        self.outbox, self._mailer, self._may_go_on = outbox, mailer, may_go_on
        self.refused: str | None = None

    def send_all(self) -> None:
        """Mentors first, then digests."""
        if not is_daytime(self.scheduled_at, self.organisation.timezone):
            return
        self._send_pending(digests=False)
        self.outbox.report_undeliverable(self.run_id, self.organisation.id)
        self._send_pending(digests=True)

    def _send_pending(self, *, digests: bool) -> None:
        today = as_of(self.scheduled_at, self.organisation.timezone)
        doubts = 0
        while doubts < _DOUBTS and self.refused is None and self._may_go_on():
            notice = self.outbox.claim(self.run_id, self.organisation.id, today, digests=digests)
            if notice is None:
                return
            outcome = self._mailer.send(notice)
            self.outbox.settle(notice.id, self.run_id, outcome)
            doubts = doubts + 1 if isinstance(outcome, Unknown) else 0
            if isinstance(outcome, ServiceRefused):
                self.refused = outcome.reason
            elif isinstance(outcome, Throttled):
                return


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
    except CertificationError as error:
        verdict = Verdict(RunState.FAILED, str(error))
        if day is None:
            runs.start_organisation(run_id, organisation.id, None)
    runs.finish_organisation(run_id, organisation.id, verdict)
    report.organisation(run_id, organisation, day, counts, verdict)
    return verdict
