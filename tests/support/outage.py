"""An outage: mentors of each kind on the website, and the automation's secret has ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.support.foundation import DAY, days

if TYPE_CHECKING:
    from uuid import UUID

    from tests.support.foundation import Foundation
    from tests.support.syncs import EmulatedWebsite, SyncWorker


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


def begin_outage(foundation: Foundation, worker: SyncWorker, site: EmulatedWebsite) -> Outage:
    """Have everybody listed, then change the app while nothing reaches the website."""
    organisation = foundation.organisation()
    foundation.evaluated(organisation, DAY - days(2))
    valid = DAY + days(100)
    kinds = ("fine", "withdrawn", "paused", "deleted", "changed")
    mentors = {kind: foundation.mentor(organisation, valid, consent=True) for kind in kinds}
    mentors["expired"] = foundation.mentor(organisation, DAY - days(1), consent=True)
    worker.seconds = 60.0
    assert worker.unsynced().complete
    assert set(site.visible()) == {str(mentor) for mentor in mentors.values()}
    site.expire_secret()
    site.expire_tokens()
    foundation.do("UPDATE peer_mentors SET listing_consent = false WHERE id = %s", mentors["withdrawn"])
    foundation.pause(mentors["paused"])
    for table, column in (("certifications", "mentor_id"), ("mentor_status_log", "mentor_id"), ("peer_mentors", "id")):
        foundation.do(f"DELETE FROM {table} WHERE {column} = %s", mentors["deleted"])
    foundation.do("UPDATE peer_mentors SET phone = '99 88 77 66' WHERE id = %s", mentors["changed"])
    mentors["new"] = foundation.mentor(organisation, valid, consent=True)
    site.clear_journal()
    return Outage(organisation, **mentors)
