"""The ports of reconciliation."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from shared.adapters.dataverse.reader import DataverseReader
from shared.adapters.postgres.alerts import PostgresAlerts
from shared.adapters.postgres.comparison import comparing
from shared.adapters.postgres.listings import PostgresListings, PostgresSyncState
from shared.adapters.postgres.reconciliation import PostgresReconciliation
from shared.adapters.postgres.runs import PostgresRuns
from shared.bootstrap.alerts import alert_publisher
from shared.bootstrap.credential import check_credential
from shared.bootstrap.database import database_connection, login_reader
from shared.bootstrap.init import in_init
from shared.bootstrap.queues import queue_depths, repair_queue, sync_queue
from shared.bootstrap.website import SECONDS_TO_SETTLE, website_service
from shared.settings import reconciliation_settings, settings, website_settings
from shared.use_cases.reconciliation import ReconciliationPorts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from shared.ports import Report


@contextmanager
def reconciliation_ports(report: Report, time_left: Callable[[], float]) -> Iterator[ReconciliationPorts]:
    """Open the database for one run and yield its ports. `time_left`: the seconds that this function still has."""
    own, dataverse = reconciliation_settings(), website_settings()
    settling = timedelta(seconds=own.settling_seconds)
    urls = {
        "SyncRequests": own.sync_requests,
        "RepairRequests": own.repair_requests,
        "SyncDeadLetters": own.sync_dead_letters,
        "DeadLetters": own.dead_letters,
    }
    # The comparison has a connection of its own. While a statement of it runs, the thread that reads the website checks
    # the backoff on the other connection before each request (I9).
    with database_connection() as connection, database_connection() as comparison_connection:
        listings, state = PostgresListings(connection), PostgresSyncState(connection)
        yield ReconciliationPorts(
            runs=PostgresRuns(connection),
            reconciliation=PostgresReconciliation(comparison_connection),
            comparing=partial(comparing, comparison_connection, settling),
            reader=DataverseReader(
                website_service(),
                state,
                time_left=lambda: time_left() - SECONDS_TO_SETTLE,
                batch_size=dataverse.batch_size,
                parallel=dataverse.repair_parallel,
            ),
            state=state,
            depths=queue_depths(settings().region, urls),
            queue=repair_queue(),
            settling=settling,
            check_credential=partial(check_credential, listings, state),
            publish_alerts=alert_publisher(PostgresAlerts(connection), report),
        )


in_init(login_reader, sync_queue, repair_queue, website_service)
