"""Reconciliation as its function runs it: the use cases on the real adapters, under its own login."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID, uuid4

from shared.adapters.dataverse.reader import DataverseReader
from shared.adapters.dataverse.service import Service
from shared.adapters.postgres.comparison import comparing
from shared.adapters.postgres.connection import connect
from shared.adapters.postgres.listings import PostgresSyncState
from shared.adapters.postgres.reconciliation import PostgresReconciliation
from shared.adapters.postgres.runs import PostgresRuns
from shared.use_cases.compare_website import compare_website
from shared.use_cases.reconciliation import ReconciliationPorts
from shared.use_cases.sweep import Sweep
from tests.support.fakes.report import FakeReport
from tests.support.fakes.sync_queue import FakeSyncQueue
from tests.support.nightly_checks import GOOD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from shared.domain.comparison import Acceptance
    from shared.domain.runs import Verdict
    from shared.ports import Comparison
    from tests.support.syncs import CountedSecret


class RequestQueue(FakeSyncQueue):
    """Also shared.ports.QueueDepths, with the depths that a test sets."""

    def __init__(self) -> None:
        super().__init__()
        self.depths = {"SyncDeadLetters": 0, "DeadLetters": 0, "SyncRequests": 0, "RepairRequests": 0}

    def read(self) -> dict[str, int]:
        return dict(self.depths)

    def taken(self) -> list[UUID]:
        """Return the mentors that were requested since the last call."""
        mentors = [request.mentor_id for request in self.requests]
        self.requests.clear()
        return mentors


class Reconciler:
    """Runs of reconciliation with a container of their own. A context manager.

    `settling` is what a run leaves alone; nothing by default, so that a test need not wait.
    """

    def __init__(self, login: Mapping[str, Any], url: str, secret: CountedSecret, *, settling: float = 0.0) -> None:
        self._open = ExitStack()
        self.login = login
        self.connection = self._open.enter_context(connect(lambda _: login))
        self.runs = PostgresRuns(self.connection)
        self.reconciliation = PostgresReconciliation(self.connection)
        self.state = PostgresSyncState(self.connection)
        service = Service(url, url, secret)
        self._open.callback(service.close)
        self.settling = timedelta(seconds=settling)
        self.seconds = 300.0
        self.reader: Any = DataverseReader(
            service, self.state, time_left=lambda: self.seconds, batch_size=100, parallel=1
        )
        self.queue = RequestQueue()
        self.report = FakeReport()
        self.run_id = uuid4()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    @contextmanager
    def comparing(self) -> Iterator[Comparison]:
        with connect(lambda _: self.login) as connection, comparing(connection, self.settling) as comparison:
            yield comparison

    def ports(self, **other: Any) -> ReconciliationPorts:
        """What the function's own use case works with; `other` takes the place of some of it."""
        ports: dict[str, Any] = {
            "runs": self.runs,
            "reconciliation": self.reconciliation,
            "comparing": self.comparing,
            "reader": self.reader,
            "state": self.state,
            "depths": self.queue,
            "queue": self.queue,
            "settling": self.settling,
            "check_credential": lambda: GOOD,
            "publish_alerts": lambda _: None,
        }
        return ReconciliationPorts(**ports | other)

    def full(
        self,
        acceptance: Acceptance | None = None,
        *,
        comparing: Callable[[], AbstractContextManager[Comparison]] | None = None,
    ) -> Verdict:
        """A full comparison, as a run of its own."""
        self.run_id = self.runs.start("reconciliation_full", datetime.now(UTC), "test")
        verdict = compare_website(
            self.run_id,
            comparing=comparing or self.comparing,
            reconciliation=self.reconciliation,
            reader=self.reader,
            queue=self.queue,
            report=self.report,
            now=lambda: datetime.now(UTC),
            time_left=lambda: self.seconds,
            acceptance=acceptance,
        )
        self.runs.finish(self.run_id, verdict)
        return verdict

    def sweep(self, *, recovered: bool = False) -> Verdict:
        """A sweep, as a run of its own."""
        self.run_id = self.runs.start("reconciliation_sweep", datetime.now(UTC), "test")
        verdict = Sweep(
            reconciliation=self.reconciliation,
            comparing=self.comparing,
            reader=self.reader,
            state=self.state,
            depths=self.queue,
            queue=self.queue,
            report=self.report,
            settling=self.settling,
            time_left=lambda: self.seconds,
        ).run(self.run_id, recovered=recovered)
        self.runs.finish(self.run_id, verdict)
        return verdict

    @property
    def counts(self) -> Mapping[str, int]:
        """What the last run counted."""
        return self.report.works[-1].counts
