"""A worker of the sync on fakes: milliseconds, and no other process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from shared.use_cases.sync_listings import sync_listings
from tests.support.fakes.clock import FakeClock
from tests.support.fakes.listings import FakeListings
from tests.support.fakes.sync_state import FakeSyncState
from tests.support.fakes.website import FakeWebsite

if TYPE_CHECKING:
    from shared.domain.listings import ListingTable, SyncResult


class FakeSync:
    """Listings, website, state and time; `sync` is what one invocation does."""

    def __init__(self, *tables: ListingTable) -> None:
        self.clock = FakeClock()
        self.state = FakeSyncState(self.clock)
        self.listings = FakeListings(self.clock, *tables)
        self.website = FakeWebsite(self.state, *tables)

    def mentor(self, *, listed: bool = True, **where: Any) -> UUID:
        """Return a mentor who is to be listed, or not."""
        mentor_id = uuid4()
        self.listings.want(mentor_id, {"hlf_name": "Kari"} if listed else None, **where)
        return mentor_id

    def listed(self, **where: Any) -> UUID:
        """Return a mentor who is shown to visitors."""
        mentor_id = self.mentor(**where)
        self.sync(mentor_id)
        self.website.pushed.clear()
        return mentor_id

    def rename(self, mentor_id: UUID, name: str = "Karin") -> None:
        self.listings.want(mentor_id, {"hlf_name": name})

    def withdraw(self, mentor_id: UUID) -> None:
        self.listings.want(mentor_id, None)

    def sync(self, *mentors: UUID) -> SyncResult:
        return sync_listings(
            mentors,
            listings=self.listings,
            website=self.website,
            state=self.state,
            time_left=self.clock.time_left,
            pause=self.clock.pause,
        )

    def result(self, mentor_id: UUID) -> str:
        """Sync one mentor. Return what became of it."""
        return self.sync(mentor_id).results[mentor_id].value
