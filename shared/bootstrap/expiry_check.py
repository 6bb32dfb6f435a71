"""The ports of expiry_check."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from shared.adapters.postgres.alerts import PostgresAlerts
from shared.adapters.postgres.listings import PostgresListings, PostgresSyncState
from shared.adapters.postgres.nightly import PostgresNightlyCheck
from shared.adapters.postgres.runs import PostgresRuns
from shared.bootstrap.alerts import alert_publisher
from shared.bootstrap.credential import check_credential
from shared.bootstrap.database import database_connection, login_reader
from shared.bootstrap.init import in_init
from shared.bootstrap.queues import sync_queue
from shared.bootstrap.website import website_service

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from shared.domain.credentials.credential import Health
    from shared.ports import Listings, NightlyCheck, Report, Runs, SyncQueue


@dataclass(frozen=True)
class ExpiryCheckPorts:
    """The ports of one nightly check."""

    runs: Runs
    nightly_check: NightlyCheck
    listings: Listings
    queue: SyncQueue
    check_credential: Callable[[], Health]
    publish_alerts: Callable[[str], None]


@contextmanager
def expiry_check_ports(report: Report) -> Iterator[ExpiryCheckPorts]:
    """Open the database for one run and yield its ports."""
    with database_connection() as connection:
        listings, state = PostgresListings(connection), PostgresSyncState(connection)
        yield ExpiryCheckPorts(
            runs=PostgresRuns(connection),
            nightly_check=PostgresNightlyCheck(connection),
            listings=listings,
            queue=sync_queue(),
            check_credential=partial(check_credential, listings, state),
            publish_alerts=alert_publisher(PostgresAlerts(connection), report),
        )


in_init(login_reader, sync_queue, website_service)
