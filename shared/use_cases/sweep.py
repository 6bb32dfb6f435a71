"""The sweep: it requests what a webhook, message, worker or trigger left undone, and reads back what was written.

It also settles the mails that nobody else does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from shared.domain.errors import CertificationError, ConnectionLostError
from shared.domain.runs import RunState, Verdict, combine, failed_verdict
from shared.use_cases.compare_website import ask_past_triggers
from shared.use_cases.read_website import read_again

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from uuid import UUID

    from shared.ports import Comparison, QueueDepths, Reconciliation, Report, SyncQueue, SyncState, WebsiteReader

# A change should be on the website within seconds; requesting it twice does no harm (I7).
_TARGET = timedelta(minutes=2)
# The most that one sweep requests. After an outage the next sweeps request the rest; live changes use another queue.
_MOST_ASKED = 1000
_MOST_ASKED_AFTER_A_STOP = 10_000
# If this many messages wait already, requesting again would only add to them.
_ENOUGH_WAITING = 50
_MOST_RETRIED = 100
_MOST_TAKEN_UP = 10_000
_MOST_RECHECKED = 500
# Each takes a lock of its address for as long as the statement runs, of which the server has some thousands.
_MOST_MAILS_SETTLED = 1000
_SECONDS_FOR_RECHECK = 30.0

REPAIR_QUEUE = "RepairRequests"


# Reported by every sweep, zeros included (I12). certification.count_waiting adds the counts of what waits.
SWEEP_COUNTS = (
    "past_triggers",
    "past_triggers_hidden",
    "repairs_waiting",
    "changes_taken_up",
    "rejected_retried",
    "sync_requested",
    "rows_read_again",
    "listed_but_invalid",
    "missing",
    "field_drift",
    "unpublished_field",
    "findings_opened",
    "findings_confirmed",
    "findings_superseded",
    "listings_verified",
    "repairs_requested",
    "repairs_braked",
    "records_linked",
    "mail_events_taken_up",
    "arrivals_unknown",
    "backoff_seconds",
    "sync_stopped",
)


@dataclass(slots=True)
class Sweep:
    """One sweep: it requests what is overdue, retries rejected listings that are due, reads back what was written.

    A row that was written less than `settling` ago is left alone. `time_left`: the seconds that this function still
    has.
    """

    reconciliation: Reconciliation
    comparing: Callable[[], AbstractContextManager[Comparison]]
    reader: WebsiteReader
    state: SyncState
    depths: QueueDepths
    queue: SyncQueue
    report: Report
    settling: timedelta
    time_left: Callable[[], float]
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SWEEP_COUNTS, 0))

    def run(self, run_id: UUID, *, recovered: bool) -> Verdict:
        """Sweep, report the counts and return the verdict.

        `recovered`: the website has just authorised us again, so everything that waited is requested. A step that fails
        does not stop the others (I13). Raises ConnectionLostError when the database is gone.
        """
        verdicts = [_attempted(self._read_queue_depths), _attempted(self._take_up_missed)]
        stopped, seconds_left = self.state.stopped(), self.state.seconds_left()
        self.counts |= {"sync_stopped": int(stopped is not None), "backoff_seconds": round(seconds_left)}
        verdicts.append(
            _attempted(lambda: self._follow_the_app(run_id, may_send=stopped is None and seconds_left <= 0))
        )
        # While the backoff lasts or we are not authorised, nothing is requested (I9, I10): a worker could only give it
        # back.
        if stopped is None and seconds_left <= 0:
            verdicts += [_attempted(lambda: self._ask_again(recovered)), _attempted(lambda: self._read_back(run_id))]
        verdicts += [_attempted(self._settle_mail_events), _attempted(self._link_records)]
        self.counts.update(self.reconciliation.count_waiting())
        self.report.work("reconciliation_sweep", self.counts)
        return combine(verdicts)

    def _follow_the_app(self, run_id: UUID, *, may_send: bool) -> None:
        ask_past_triggers(run_id, self.reconciliation, self.queue if may_send else None, self.counts)

    def _settle_mail_events(self) -> None:
        self.counts |= self.reconciliation.settle_mail_events(_MOST_MAILS_SETTLED)

    def _link_records(self) -> None:
        self.counts["records_linked"] = self.reconciliation.link_records(everything=False).linked

    def _read_queue_depths(self) -> None:
        depths = self.depths.read()
        self.reconciliation.record_queue_depths(depths)
        self.counts["repairs_waiting"] = depths.get(REPAIR_QUEUE, 0)

    def _take_up_missed(self) -> None:
        """Request a sync of what the triggers could not record.

        If the website accepts no requests now, the change becomes overdue like any other.
        """
        requests = self.reconciliation.take_up_missed_changes(_MOST_TAKEN_UP)
        self.counts["changes_taken_up"] = len(requests)
        if requests:
            self.queue.send(requests)

    def _ask_again(self, recovered: bool) -> None:
        self.counts["rejected_retried"] = self.reconciliation.retry_due_rejected(_MOST_RETRIED)
        if recovered:
            requests = self.reconciliation.overdue(timedelta(0), _MOST_ASKED_AFTER_A_STOP)
        elif self.counts["repairs_waiting"] < _ENOUGH_WAITING:
            requests = self.reconciliation.overdue(_TARGET, _MOST_ASKED)
        else:
            return
        if requests:
            self.queue.send(requests)
        self.counts["sync_requested"] = len(requests)

    def _read_back(self, run_id: UUID) -> None:
        mentors = self.reconciliation.to_recheck(self.settling, _MOST_RECHECKED)
        if not mentors or self.time_left() < _SECONDS_FOR_RECHECK:
            return
        with self.comparing() as comparison:
            seen = {**read_again(mentors, comparison, self.reader).counts, **comparison.record(run_id, mentors)}
            repairs = comparison.repair(run_id, everybody=False)
        if repairs.requests:
            self.queue.send(repairs.requests)
        self.counts |= {name: n for name, n in seen.items() if name in SWEEP_COUNTS}
        self.counts |= {
            "rows_read_again": len(mentors),
            "repairs_requested": len(repairs.requests),
            "repairs_braked": repairs.braked,
        }


def _attempted(step: Callable[[], None]) -> Verdict:
    try:
        step()
    except ConnectionLostError:
        raise
    except CertificationError as error:
        return failed_verdict(error)
    return Verdict(RunState.SUCCEEDED)
