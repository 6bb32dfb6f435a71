"""A person with break-glass, and an outage."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.glass import NEW_SECRET, Glass
from tests.support.outage import begin_outage

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import TestDatabase
    from tests.support.foundation import Foundation
    from tests.support.outage import Outage
    from tests.support.syncs import EmulatedWebsite, SyncWorker


@pytest.fixture
def glass(database: TestDatabase, site: EmulatedWebsite, tmp_path: Path) -> Glass:
    """The new secret is in Entra already; the old one, which the automation has, has ended."""
    site.add_secret(NEW_SECRET)
    return Glass(tmp_path, database.login("BreakGlass"), site.url)


@pytest.fixture
def outage(foundation: Foundation, worker: SyncWorker, site: EmulatedWebsite) -> Outage:
    """The automation is down, and what the website shows is of the day before."""
    return begin_outage(foundation, worker, site)
