"""The decisions of a sweep on fakes: what is asked for, and when nothing is (I7, I9, I10, I13)."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from shared.domain.comparison import ComparisonOutcome, PastTrigger, Repairs
from shared.domain.errors import ConnectionLostError, QueueUnavailableError, StoreUnavailableError
from shared.domain.keeping import ChainEnd
from shared.domain.listings import SyncRequest
from shared.domain.runs import RunState
from shared.use_cases.sweep import REPAIR_QUEUE, SWEEP_COUNTS, Sweep
from tests.support.fakes.clock import FakeClock
from tests.support.fakes.report import FakeReport
from tests.support.fakes.sync_queue import FakeSyncQueue
from tests.support.fakes.sync_state import FakeSyncState

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from shared.domain.runs import Verdict

RUN = UUID(int=1)


def requests(count: int = 1) -> list[SyncRequest]:
    return [SyncRequest(uuid4(), 1) for _ in range(count)]


class ScriptedReconciliation:
    """shared.ports.Reconciliation, as far as a sweep asks it: what the database would say."""

    def __init__(self) -> None:
        self.missed: list[SyncRequest] = []
        self.overdue_since: dict[timedelta, list[SyncRequest]] = {}
        self.past: list[PastTrigger] = []
        self.recheck: list[UUID] = []
        self.retried = 0
        self.mails = 0
        self.depths: Mapping[str, int] = {}
        self.errors: dict[str, Exception] = {}

    def _maybe(self, what: str) -> None:
        if what in self.errors:
            raise self.errors[what]

    def record_queue_depths(self, depths: Mapping[str, int]) -> None:
        self.depths = depths

    def count_waiting(self) -> Mapping[str, int]:
        return {"waiting": 3}

    def overdue(self, older_than: timedelta, limit: int) -> Sequence[SyncRequest]:
        self._maybe("overdue")
        return self.overdue_since.get(older_than, [])[:limit]

    def take_up_missed_changes(self, limit: int) -> Sequence[SyncRequest]:
        self._maybe("missed")
        return self.missed[:limit]

    def settle_mail_events(self, limit: int) -> Mapping[str, int]:
        self._maybe("mails")
        return {"mail_events_taken_up": min(self.mails, limit), "arrivals_unknown": 0}

    def retry_due_rejected(self, limit: int) -> int:
        return min(self.retried, limit)

    def find_past_triggers(self, run_id: UUID, limit: int) -> Sequence[PastTrigger]:
        self._maybe("past")
        assert run_id == RUN
        return self.past[:limit]

    def to_recheck(self, settling: timedelta, limit: int) -> Sequence[UUID]:
        assert settling == timedelta(minutes=1)
        return self.recheck[:limit]

    def link_records(self, *, everything: bool) -> ChainEnd:
        assert not everything
        return ChainEnd(0, None, None)


class ScriptedComparison:
    """shared.ports.Comparison with no table to read: what differs is said."""

    sites = ()

    def __init__(self, repairs: Repairs) -> None:
        self._repairs = repairs

    def forget(self, mentors: Sequence[UUID]) -> None: ...

    def compare(self, mentors: Sequence[UUID] | None = None) -> ComparisonOutcome:
        return ComparisonOutcome({"missing": len(mentors or ())}, "", "")

    def record(self, run_id: UUID, mentors: Sequence[UUID] | None = None) -> Mapping[str, int]:
        assert run_id == RUN
        return {"findings_opened": len(mentors or ())}

    def repair(self, run_id: UUID, *, everybody: bool) -> Repairs:
        assert (run_id, everybody) == (RUN, False)
        return self._repairs


class SweepRig:
    """One sweep and all that it works with."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.state = FakeSyncState(self.clock)
        self.reconciliation = ScriptedReconciliation()
        self.queue = FakeSyncQueue()
        self.report = FakeReport()
        self.depths: dict[str, int] | Exception = {REPAIR_QUEUE: 0}
        self.repairs = Repairs((), 0)

    @contextmanager
    def comparing(self) -> Iterator[Any]:
        yield ScriptedComparison(self.repairs)

    def read(self) -> Mapping[str, int]:
        if isinstance(self.depths, Exception):
            raise self.depths
        return self.depths

    def sweep(self, *, recovered: bool = False) -> Verdict:
        ports: dict[str, Any] = {"reconciliation": self.reconciliation, "reader": None, "depths": self}
        return Sweep(
            **ports,
            comparing=self.comparing,
            state=self.state,
            queue=self.queue,
            report=self.report,
            settling=timedelta(minutes=1),
            time_left=self.clock.time_left,
        ).run(RUN, recovered=recovered)

    @property
    def counts(self) -> Mapping[str, int]:
        return self.report.counts("reconciliation_sweep")


@pytest.fixture
def rig() -> SweepRig:
    return SweepRig()


def test_a_sweep_that_finds_nothing_reports_every_count(rig: SweepRig) -> None:
    """I12."""
    assert rig.sweep().state is RunState.SUCCEEDED
    assert rig.counts == dict.fromkeys(SWEEP_COUNTS, 0) | {"waiting": 3}
    assert rig.queue.requests == []


def test_what_is_overdue_after_two_minutes_is_asked_for(rig: SweepRig) -> None:
    """I7."""
    rig.reconciliation.overdue_since = {timedelta(minutes=2): requests(3), timedelta(0): requests(9)}
    rig.sweep()
    assert rig.queue.requests == rig.reconciliation.overdue_since[timedelta(minutes=2)]
    assert rig.counts["sync_requested"] == 3


def test_after_a_recovery_everything_that_waited_is_asked_for(rig: SweepRig) -> None:
    """I10: however young, and however many repairs wait."""
    rig.depths = {REPAIR_QUEUE: 5000}
    rig.reconciliation.overdue_since = {timedelta(0): requests(2000)}
    rig.sweep(recovered=True)
    assert rig.counts["sync_requested"] == 2000


@pytest.mark.parametrize(("waiting", "asked"), [(49, 1), (50, 0)])
def test_a_full_queue_of_repairs_is_not_made_fuller(rig: SweepRig, waiting: int, asked: int) -> None:
    rig.depths = {REPAIR_QUEUE: waiting}
    rig.reconciliation.overdue_since = {timedelta(minutes=2): requests()}
    rig.sweep()
    assert (rig.counts["sync_requested"], rig.counts["repairs_waiting"]) == (asked, waiting)
    assert rig.reconciliation.depths == rig.depths


@pytest.mark.parametrize("closed", ["window", "stop"])
def test_nothing_is_asked_for_that_would_come_back(rig: SweepRig, closed: str) -> None:
    """I9, I10: changes that triggers missed are taken up all the same, and the app is looked at."""
    if closed == "window":
        rig.state.block_for(300, "dataverse_429")
    else:
        rig.state.stop("entra_7000222")
    rig.reconciliation.overdue_since = {timedelta(minutes=2): requests()}
    rig.reconciliation.missed = requests(2)
    rig.reconciliation.past = [PastTrigger(uuid4(), 4, "hide")]
    rig.reconciliation.recheck = [uuid4()]
    rig.sweep()
    assert rig.queue.requests == rig.reconciliation.missed
    counted = ("sync_requested", "rows_read_again", "changes_taken_up", "past_triggers", "past_triggers_hidden")
    assert [rig.counts[name] for name in counted] == [0, 0, 2, 1, 1]
    assert (rig.counts["backoff_seconds"], rig.counts["sync_stopped"]) == ((300, 0) if closed == "window" else (0, 1))


def test_what_came_past_the_triggers_is_asked_for(rig: SweepRig) -> None:
    """I7: but for what there is nothing to tell the website of; the day's turn is no missed change."""
    mentors = [uuid4() for _ in range(3)]
    kinds = [(5, "hide"), (None, "same"), (2, "day")]
    rig.reconciliation.past = [PastTrigger(m, *kind) for m, kind in zip(mentors, kinds, strict=True)]
    rig.sweep()
    assert rig.queue.requests == [SyncRequest(mentors[0], 5), SyncRequest(mentors[2], 2)]
    assert (rig.counts["past_triggers"], rig.counts["past_triggers_hidden"]) == (2, 2)


def test_what_was_written_is_read_back_and_repaired(rig: SweepRig) -> None:
    """I14: and what the brake holds is counted."""
    rig.reconciliation.recheck = [uuid4(), uuid4()]
    rig.repairs = Repairs(tuple(requests(2)), 4)
    rig.sweep()
    assert rig.queue.requests == list(rig.repairs.requests)
    counted = ("rows_read_again", "missing", "findings_opened", "repairs_requested", "repairs_braked")
    assert [rig.counts[name] for name in counted] == [2, 2, 2, 2, 4]


def test_nothing_is_read_back_without_time_for_it(rig: SweepRig) -> None:
    """I18."""
    rig.reconciliation.recheck = [uuid4()]
    rig.clock.ends_at = 29.0
    rig.sweep()
    assert rig.counts["rows_read_again"] == 0


@pytest.mark.parametrize("step", ["missed", "past", "overdue"])
def test_a_step_that_fails_stops_no_other(rig: SweepRig, step: str) -> None:
    """I13."""
    rig.reconciliation.errors[step] = StoreUnavailableError("database_busy")
    rig.reconciliation.recheck = [uuid4()]
    verdict = rig.sweep()
    assert (verdict.state, verdict.reason) == (RunState.DEGRADED, "database_busy")
    assert rig.counts["rows_read_again"] == 1


def test_queues_that_cannot_be_counted_stop_nothing(rig: SweepRig) -> None:
    """I13."""
    rig.depths = QueueUnavailableError("queue_gone")
    rig.reconciliation.overdue_since = {timedelta(minutes=2): requests()}
    assert rig.sweep().reason == "queue_gone"
    assert rig.counts["sync_requested"] == 1


def test_without_the_database_nothing_goes_on(rig: SweepRig) -> None:
    """I18."""
    rig.reconciliation.errors["missed"] = ConnectionLostError("database_connection_lost")
    with pytest.raises(ConnectionLostError):
        rig.sweep()
