"""The ports of force_sync."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from shared.adapters.dataverse.reader import DataverseReader
from shared.adapters.postgres.alerts import PostgresAlerts
from shared.adapters.postgres.coordinators import PostgresCoordinators, PostgresForcedSyncs
from shared.adapters.postgres.listings import PostgresListings, PostgresSyncState
from shared.bootstrap.alerts import alert_publisher
from shared.bootstrap.database import kept_connection, login_reader
from shared.bootstrap.init import in_init
from shared.bootstrap.queues import sync_queue
from shared.bootstrap.website import SECONDS_TO_SETTLE, website, website_service
from shared.domain.force_sync import Limits
from shared.settings import dashboard_settings
from shared.use_cases.force_sync import ForceSyncPorts
from shared.use_cases.sync_listings import sync_listings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from shared.ports import Coordinators, Report

# A person waits. Beyond this the queue's workers go on.
_SECONDS_TO_PUSH = 15.0
_SECONDS_TO_READ = 5.0


@dataclass(frozen=True)
class ForceSyncFunctionPorts:
    """The ports of one request."""

    coordinators: Coordinators
    force_sync: ForceSyncPorts


@contextmanager
def force_sync_ports(report: Report, time_left: Callable[[], float]) -> Iterator[ForceSyncFunctionPorts]:
    """Yield the ports on the container's connection. `time_left`: the seconds that this function still has."""
    settings = dashboard_settings()
    began = time.monotonic()

    def seconds_for_requests() -> float:
        return min(time_left() - SECONDS_TO_SETTLE, began + _SECONDS_TO_PUSH - time.monotonic())

    def seconds_to_read() -> float:
        return min(time_left() - SECONDS_TO_SETTLE, _SECONDS_TO_READ)

    with kept_connection().use() as connection:
        state, listings = PostgresSyncState(connection), PostgresListings(connection)
        yield ForceSyncFunctionPorts(
            coordinators=PostgresCoordinators(connection),
            force_sync=ForceSyncPorts(
                forced=PostgresForcedSyncs(connection),
                reader=DataverseReader(website_service(), state, time_left=seconds_to_read, batch_size=1, parallel=1),
                state=state,
                queue=sync_queue(),
                sync=partial(
                    sync_listings,
                    listings=listings,
                    website=website(state, seconds_for_requests, parallel=1),
                    state=state,
                    time_left=seconds_for_requests,
                    pause=time.sleep,
                ),
                publish_alerts=alert_publisher(PostgresAlerts(connection), report),
                report=report,
                limits=Limits(settings.per_mentor, settings.per_coordinator),
                pause=time.sleep,
            ),
        )


in_init(login_reader, sync_queue, website_service)
