"""A mentor of each kind on the website, the automation gone, and a person with break-glass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.support.foundation import DAY, Foundation, days
from tests.support.glass import NEW_SECRET, Glass

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

    from tests.conftest import TestDatabase
    from tests.support.syncs import EmulatedWebsite, SyncWorker


@pytest.fixture
def glass(database: TestDatabase, site: EmulatedWebsite, tmp_path: Path) -> Glass:
    """The new secret is in Entra already; the old one, which the automation has, has ended."""
    site.add_secret(NEW_SECRET)
    return Glass(tmp_path, database.login("BreakGlass"), site.url)


@dataclass(frozen=True)
class Outage:
    """Mentors as the outage leaves them: what the website shows is of the day before it began."""

    organisation: UUID
    fine: UUID
    expired: UUID
    """By the calendar; no nightly check has come."""
    withdrawn: UUID
    paused: UUID
    deleted: UUID
    changed: UUID
    """Has another telephone number."""
    new: UUID
    """Is not on the website yet."""

    @property
    def to_hide(self) -> set[str]:
        return {str(mentor) for mentor in (self.expired, self.withdrawn, self.paused, self.deleted)}

    @property
    def to_show(self) -> set[str]:
        return {str(mentor) for mentor in (self.fine, self.changed, self.new)}


@pytest.fixture
def outage(foundation: Foundation, worker: SyncWorker, site: EmulatedWebsite) -> Outage:
    """Five mentors of each other kind; the automation's secret ends after the first sync."""
    organisation = foundation.organisation()
    foundation.evaluated(organisation, DAY - days(2))
    valid = DAY + days(100)
    mentors = {
        name: foundation.mentor(organisation, valid, consent=True)
        for name in ("fine", "withdrawn", "paused", "deleted", "changed")
    }
    mentors["expired"] = foundation.mentor(organisation, DAY - days(1), consent=True)
    assert worker.unsynced().complete
    assert set(site.visible()) == {str(mentor) for mentor in mentors.values()}
    site.expire_secret()
    site.expire_tokens()
    foundation.do("UPDATE peer_mentors SET listing_consent = false WHERE id = %s", mentors["withdrawn"])
    foundation.pause(mentors["paused"])
    foundation.do("DELETE FROM certifications WHERE mentor_id = %s", mentors["deleted"])
    foundation.do("DELETE FROM mentor_status_log WHERE mentor_id = %s", mentors["deleted"])
    foundation.do("DELETE FROM peer_mentors WHERE id = %s", mentors["deleted"])
    foundation.do("UPDATE peer_mentors SET phone = '99 88 77 66' WHERE id = %s", mentors["changed"])
    mentors["new"] = foundation.mentor(organisation, valid, consent=True)
    site.clear_journal()
    return Outage(organisation, **mentors)
