"""I10: as long as the website refuses us, every run says so, also one that cannot even ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulators import processes
from tests.support.syncs import SyncWorker

if TYPE_CHECKING:
    from tests.conftest import TestDatabase
    from tests.support.foundation import Foundation

CREDENTIAL = {"tenant_id": "t", "client_id": "c", "client_secret": "s"}


def test_a_stopped_and_unreachable_website_is_still_stopped(database: TestDatabase, foundation: Foundation) -> None:
    """The alarm on SyncStopped must not give the all-clear because the network is away as well."""
    url = f"http://127.0.0.1:{processes.free_port()}"
    foundation.do("SELECT certification.stop_website('entra_7000222')")
    foundation.do("UPDATE certification.sync_state SET tried_at = NULL")
    with SyncWorker(database.login("DynamicsSync"), url, lambda _: CREDENTIAL) as worker:
        result = worker.sync()
    assert result.stopped
    assert result.counts()["sync_stopped"] == 1
