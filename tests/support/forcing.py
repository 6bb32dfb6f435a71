"""Forced syncs and readings as force_sync makes them: on the real adapters, under its own login, to a real emulator."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Self

from shared.adapters.dataverse.reader import DataverseReader
from shared.adapters.dataverse.website import DataverseWebsite
from shared.adapters.postgres.coordinators import PostgresCoordinators, PostgresForcedSyncs
from shared.domain.force_sync import Limits
from shared.use_cases.force_sync import ForceSyncPorts, force_sync
from shared.use_cases.sync_listings import sync_listings
from tests.support.fakes.report import FakeReport
from tests.support.fakes.sync_queue import FakeSyncQueue
from tests.support.syncs import SyncWorker

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from uuid import UUID

    from shared.domain.force_sync import ForceSyncResult

SECONDS = 13.0  # enough for waits of three seconds: no more are begun in the last ten
REASON = "Står fortsatt på nettsiden"


class Forcer:
    """One container of force_sync. A context manager."""

    def __init__(
        self,
        login: Mapping[str, Any],
        url: str,
        secret: Callable[[bool], Mapping[str, Any]],
        limits: tuple[int, int] = (1000, 1000),
    ) -> None:
        self._worker = SyncWorker(login, url, secret, batch_size=1, parallel=1, patient=True)
        self.worker = self._worker
        self.queue = FakeSyncQueue()
        self.report = FakeReport()
        self.alerts: list[str] = []
        self.limits = Limits(*limits)
        self.coordinators = PostgresCoordinators(self._worker.connection)
        self.forced = PostgresForcedSyncs(self._worker.connection)
        self.before_read_back: Callable[[], object] = lambda: None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._worker.__exit__()

    def force(self, coordinator: UUID, mentor: UUID, reason: str = REASON) -> ForceSyncResult:
        worker = self._worker
        until = time.monotonic() + SECONDS

        def left() -> float:
            return until - time.monotonic()

        service = worker.website._service
        website = DataverseWebsite(service, worker.state, time_left=left, batch_size=1, parallel=1)

        def sync(mentors: Any) -> Any:
            result = sync_listings(
                mentors,
                listings=worker.listings,
                website=website,
                state=worker.state,
                time_left=left,
                pause=worker.pause,
            )
            self.before_read_back()
            return result

        ports = ForceSyncPorts(
            forced=self.forced,
            reader=DataverseReader(service, worker.state, time_left=lambda: 5.0, batch_size=1, parallel=1),
            state=worker.state,
            queue=self.queue,
            sync=sync,
            publish_alerts=self.alerts.append,
            report=self.report,
            limits=self.limits,
            pause=worker.pause,
        )
        return force_sync(coordinator, mentor, reason, ports)
