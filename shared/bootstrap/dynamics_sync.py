"""The ports of dynamics_sync."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.adapters.postgres.alerts import PostgresAlerts
from shared.adapters.postgres.listings import PostgresListings, PostgresSyncState
from shared.bootstrap.alerts import alert_publisher
from shared.bootstrap.database import kept_connection, login_reader
from shared.bootstrap.init import in_init
from shared.bootstrap.queues import repair_queue, sync_queue
from shared.bootstrap.website import SECONDS_TO_SETTLE, website, website_service
from shared.settings import queue_settings, repair_settings, website_settings
from shared.use_cases.dynamics_sync import Lane

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from shared.ports import Listings, Report, SyncState


@dataclass(frozen=True)
class DynamicsSyncPorts:
    """The ports of one batch of sync requests."""

    listings: Listings
    state: SyncState
    live: Lane
    repairs: Lane
    publish_alerts: Callable[[str], None]


@contextmanager
def dynamics_sync_ports(report: Report, time_left: Callable[[], float]) -> Iterator[DynamicsSyncPorts]:
    """Yield the ports on the container's connection. `time_left`: the seconds that this function still has."""
    dataverse = website_settings()

    def seconds_for_requests() -> float:
        return time_left() - SECONDS_TO_SETTLE

    with kept_connection().use() as connection:
        state = PostgresSyncState(connection)
        yield DynamicsSyncPorts(
            listings=PostgresListings(connection),
            state=state,
            live=Lane(
                _name(queue_settings().url),
                sync_queue(),
                website(state, seconds_for_requests, parallel=dataverse.parallel),
            ),
            repairs=Lane(
                _name(repair_settings().url),
                repair_queue(),
                website(state, seconds_for_requests, parallel=dataverse.repair_parallel),
            ),
            publish_alerts=alert_publisher(PostgresAlerts(connection), report),
        )


def _name(url: str) -> str:
    return url.rpartition("/")[2]


in_init(login_reader, sync_queue, website_service)
